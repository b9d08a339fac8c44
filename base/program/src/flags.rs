//! The flags that every program takes beside its own.

use std::path::PathBuf;

use base_config::assignment;

/// Flags of every program; flattened into those that it has of its own.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// File with the settings, in TOML; variables and flags win over it.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where it writes the addresses that it took, as JSON.
    #[arg(long, value_name = "FILE")]
    addresses_file: Option<PathBuf>,
    /// Folder with the files of its identity, as soukctl identity issue makes it.
    #[arg(long, value_name = "DIR")]
    identity: Option<PathBuf>,
    /// What is logged, such as info or warn,cell_runtime=debug.
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// How a log line looks: human or json.
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Any setting by its key, such as --set telemetry.filter=debug.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = assignment)]
    settings: Vec<(String, String)>,
    /// Only checks the settings and prints them.
    #[arg(long)]
    pub(crate) check: bool,
}

impl Flags {
    /// What the command line sets, key by key: `own` are the program's own flags. What was set by its key wins.
    pub(crate) fn assignments<const N: usize>(
        &self,
        own: [(&str, Option<String>); N],
    ) -> Vec<(String, String)> {
        let common = [
            ("addresses_file", self.addresses_file.as_ref().map(|path| path.display().to_string())),
            ("telemetry.filter", self.log.clone()),
            ("telemetry.format", self.log_format.clone()),
        ];
        let files = self.identity.as_deref().map(base_identity::Config::in_folder);
        let identity = files.map(|files| {
            let path = |path: PathBuf| Some(path.display().to_string());
            [
                ("identity.certificate", path(files.certificate)),
                ("identity.key", path(files.key)),
                ("identity.authorities", path(files.authorities)),
            ]
        });
        let named = own.into_iter().chain(common).chain(identity.into_iter().flatten());
        let named = named.filter_map(|(key, value)| Some((key.to_owned(), value?)));
        named.chain(self.settings.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Flags;

    #[derive(Parser)]
    struct Own {
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        flags: Flags,
    }

    #[test]
    fn what_is_set_by_its_key_comes_last_and_so_wins() {
        let args = ["x", "--set", "name=b", "--log", "warn", "--name", "a", "--identity", "/i"];
        let own = Own::parse_from(args);
        let assigned = own.flags.assignments([("name", own.name), ("data_dir", None)]);
        let assigned: Vec<_> =
            assigned.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(
            assigned,
            [
                ("name", "a"),
                ("telemetry.filter", "warn"),
                ("identity.certificate", "/i/identity.crt"),
                ("identity.key", "/i/identity.key"),
                ("identity.authorities", "/i/authorities.crt"),
                ("name", "b")
            ]
        );
    }
}
