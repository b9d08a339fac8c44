//! The pages of settings: what a program prints as its defaults, each with the comment that stands at it in the source.

use std::fmt::Write as _;

use crate::{house::House, tidy::Source};

/// A program that prints its settings.
pub(crate) struct Program {
    /// Its name, and that of its page.
    pub(crate) name: &'static str,
    /// The crate that builds it; its `Config` is the root of all settings.
    pub(crate) package: &'static str,
    /// How variables of the environment begin.
    variables: &'static str,
    /// Settings that have no default.
    pub(crate) needs: &'static [&'static str],
}

/// All of them.
pub(crate) const PROGRAMS: [Program; 3] = [
    Program {
        name: "souk-router",
        package: "router-server",
        variables: "SOUK_ROUTER__PATIENCE__READ_MS and the like",
        needs: &[],
    },
    Program {
        name: "souk-cell",
        package: "cell-server",
        variables: "SOUK_CELL__RUNTIME__TRIES_MAX and the like",
        needs: &["--set", "outside.secret_file=platform.secret"],
    },
    Program {
        name: "souk-control-plane",
        package: "cp-server",
        variables: "SOUK_CONTROL_PLANE__SETTLE_AT and the like",
        needs: &[],
    },
];

/// A setting as the source declares it.
#[derive(Debug, PartialEq, Eq)]
struct Field {
    name: String,
    kind: String,
    comment: Vec<String>,
}

/// A section of the settings: where its fields are declared, if that is known.
struct Section {
    path: String,
    fields: Vec<Field>,
    /// The crate in which the names of the fields' types are looked up.
    folder: String,
}

impl Program {
    /// Where the page is.
    pub(crate) fn page(&self) -> String {
        format!("docs/operations/{}.toml", self.name)
    }

    /// The page: `printed` are the settings as the program prints them, with or without comments.
    pub(crate) fn annotated(&self, house: &House, sources: &[Source], printed: &str) -> String {
        let mut page = format!(
            "# Every setting of {} with its default. Written by `cargo xtask gen` from the doc comments in the source.\n\
             # A file like this one is read by --config; then come variables of the environment ({}), then flags.\n\
             # What has no default is commented out.\n",
            self.name, self.variables
        );
        let library = Library { house, sources };
        let mut sections = vec![library.root(self.package)];
        let mut said: Vec<String> = printed.lines().filter_map(header).map(str::to_owned).collect();
        for line in printed.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(path) = header(line) {
                leave(&mut page, sections.last(), &said);
                let (comment, section) = library.below(&sections, path);
                page.push('\n');
                write_comment(&mut page, &comment);
                sections.push(section);
            } else if let Some((key, _)) = line.split_once(" = ")
                && !line.starts_with(' ')
            {
                page.push('\n');
                let section = sections.last();
                let field = section.and_then(|section| section.field(key));
                write_comment(&mut page, field.map_or(&[], |field| &field.comment));
                said.extend(section.map(|section| section.at(key)));
            }
            page.push_str(line);
            page.push('\n');
        }
        leave(&mut page, sections.last(), &said);
        page
    }
}

impl Section {
    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The full key of a field.
    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn unknown(path: &str) -> Self {
        Self { path: path.to_owned(), fields: Vec::new(), folder: String::new() }
    }
}

/// Names what a section has besides: settings without a default.
fn leave(page: &mut String, section: Option<&Section>, said: &[String]) {
    let Some(section) = section else { return };
    for field in section.fields.iter().filter(|field| !said.contains(&section.at(&field.name))) {
        page.push('\n');
        write_comment(page, &field.comment);
        // Writing to a string cannot fail.
        let _ = writeln!(page, "#{} =", field.name);
    }
}

/// The section that a line opens.
fn header(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']')
}

fn write_comment(page: &mut String, comment: &[String]) {
    for line in comment {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "# {line}");
    }
}

/// Where settings are declared.
struct Library<'h> {
    house: &'h House,
    sources: &'h [Source],
}

impl Library<'_> {
    fn root(&self, package: &str) -> Section {
        let folder = self.folder(package).unwrap_or_default();
        Section { path: String::new(), fields: self.fields(&folder, "", "Config"), folder }
    }

    /// The section at `path`, and the comment at the field that it is.
    fn below(&self, above: &[Section], path: &str) -> (Vec<String>, Section) {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        let parent = above.iter().rev().find(|section| section.path == parent);
        let Some((parent, field)) = parent.and_then(|parent| Some((parent, parent.field(name)?)))
        else {
            return (Vec::new(), Section::unknown(path));
        };
        let kind = field.kind.trim_start_matches("Option<").trim_end_matches('>');
        let (module, kind) = kind.rsplit_once("::").unwrap_or(("", kind));
        let (first, module) = module.split_once("::").unwrap_or((module, ""));
        let folder = self.folder(&first.replace('_', "-")).unwrap_or_else(|| parent.folder.clone());
        let fields = self.fields(&folder, module, kind);
        (field.comment.clone(), Section { path: path.to_owned(), fields, folder })
    }

    fn folder(&self, package: &str) -> Option<String> {
        let found = self.house.crates.iter().find(|each| each.name == package)?;
        Some(found.folder.clone())
    }

    /// The fields of a struct: of the module named, else of the crate, else of whatever crate has the only one of this name.
    fn fields(&self, folder: &str, module: &str, name: &str) -> Vec<Field> {
        let inside = |source: &&Source| source.path.starts_with(&format!("{folder}/src/"));
        let of_module = |source: &&Source| {
            module.is_empty() || source.path.split(['/', '.']).any(|part| part == module)
        };
        let mut here = self.sources.iter().filter(inside).filter(of_module);
        let declared = |source: &Source| fields_of(&source.text, name);
        here.find_map(declared)
            .or_else(|| self.sources.iter().find_map(declared))
            .unwrap_or_default()
    }
}

/// The public fields of `pub struct name`, if a source declares it and reads it from files.
fn fields_of(text: &str, name: &str) -> Option<Vec<Field>> {
    let declaration = format!("pub struct {name} {{\n");
    let at = text.find(&declaration)?;
    let above = text[..at].rsplit("\n\n").next()?;
    if !above.contains("Deserialize") {
        return None;
    }
    let body = &text[at + declaration.len()..];
    let body = &body[..body.find("\n}")?];
    let (mut fields, mut comment, mut skipped) = (Vec::new(), Vec::new(), false);
    for line in body.lines().map(str::trim) {
        skipped |= line == "#[serde(skip)]";
        if let Some(said) = line.strip_prefix("///") {
            comment.push(said.trim().to_owned());
        } else if let Some((name, kind)) =
            line.strip_prefix("pub ").and_then(|field| field.split_once(": "))
        {
            let kind = kind.trim_end_matches(',').to_owned();
            let field =
                Field { name: name.to_owned(), kind, comment: std::mem::take(&mut comment) };
            fields.extend((!std::mem::take(&mut skipped)).then_some(field));
        }
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::{Library, PROGRAMS, Program, fields_of};
    use crate::{
        house::{Crate, House},
        tidy::Source,
    };

    const ROOT: &str = "/// All.\n#[derive(Deserialize)]\npub struct Config {\n    /// Its name,\n    /// once.\n    pub name: String,\n    \
                        /// Where.\n    pub place: Option<PathBuf>,\n    /// What waits.\n    pub lanes: toy_lanes::deep::Config,\n}\n";
    const LANES: &str = "#[derive(Deserialize)]\npub struct Config {\n    /// Set by main.\n    #[serde(skip)]\n    pub own: u32,\n    /// At most.\n    pub max: u32,\n}\n";

    fn house() -> House {
        let crates = [("toy-server", "toy/server"), ("toy-lanes", "toy/lanes")];
        let crates = crates.map(|(name, folder)| Crate {
            name: name.to_owned(),
            folder: folder.to_owned(),
            edges: Vec::new(),
        });
        House { root: "/".into(), target: "/".into(), crates: crates.to_vec() }
    }

    fn sources() -> [Source; 3] {
        [
            Source::new(
                "toy/lanes/src/flat.rs",
                "#[derive(Deserialize)]\npub struct Config {\n}\n",
            ),
            Source::new("toy/lanes/src/deep.rs", LANES),
            Source::new("toy/server/src/config.rs", ROOT),
        ]
    }

    #[test]
    fn each_setting_has_its_comment_and_what_has_no_default_is_named() {
        let program = Program { name: "toy", package: "toy-server", variables: "TOY", needs: &[] };
        let page = program.annotated(&house(), &sources(), "name = \"a\"\n\n[lanes]\nmax = 3\n");
        let body = page.split_once("commented out.\n").unwrap().1;
        assert_eq!(
            body,
            "\n# Its name,\n# once.\nname = \"a\"\n\n# Where.\n#place =\n\n# What waits.\n[lanes]\n\n# At most.\nmax = 3\n"
        );
        assert_eq!(program.annotated(&house(), &sources(), &page), page, "again, from the page");
    }

    #[test]
    fn a_struct_that_no_file_is_read_into_is_no_section() {
        assert_eq!(fields_of("pub struct Config {\n    pub a: u8,\n}\n", "Config"), None);
    }

    #[test]
    fn every_program_has_its_settings_in_the_source() {
        let house = House::here().unwrap();
        let sources: Vec<Source> = (house.files("", "rs").into_iter())
            .map(|path| Source::new(&path, &house.text(&path)))
            .collect();
        for program in &PROGRAMS {
            let library = Library { house: &house, sources: &sources };
            assert!(library.root(program.package).fields.len() > 4, "{}", program.name);
        }
    }
}
