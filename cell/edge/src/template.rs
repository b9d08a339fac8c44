//! Path templates of `google.api.http`: `/v1/{name=vendors/*/stock/*}:receive`.

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    pub(crate) variables: Vec<Variable>,
    pub(crate) verb: Option<String>,
}

/// What one path segment must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    /// `*`: anything but nothing.
    One,
    /// `**`: all that is left, at least one segment; only at the end.
    Rest,
}

/// Which segments a field is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Dotted path of the field in the request.
    pub(crate) field: String,
    pub(crate) from: usize,
    /// Exclusive; ignored behind `**`, which takes the rest.
    pub(crate) to: usize,
}

impl Template {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("path `{text}`: {why}");
        let mut left = text.strip_prefix('/').ok_or_else(|| wrong("does not start with `/`"))?;
        let mut template = Self { segments: Vec::new(), variables: Vec::new(), verb: None };
        loop {
            left = if let Some(behind) = left.strip_prefix('{') {
                let (inside, behind) =
                    behind.split_once('}').ok_or_else(|| wrong("a `{` is not closed"))?;
                let (field, pattern) = inside.split_once('=').unwrap_or((inside, "*"));
                let from = template.segments.len();
                for part in pattern.split('/') {
                    template
                        .segments
                        .push(segment(part).ok_or_else(|| wrong("has a bad segment"))?);
                }
                let to = template.segments.len();
                template.variables.push(Variable { field: field.to_owned(), from, to });
                behind
            } else {
                let end = left.find(['/', ':']).unwrap_or(left.len());
                let part = segment(&left[..end]).ok_or_else(|| wrong("has a bad segment"))?;
                template.segments.push(part);
                &left[end..]
            };
            if left.is_empty() {
                break;
            }
            if let Some(verb) = left.strip_prefix(':') {
                if !is_literal(verb) {
                    return Err(wrong("has a bad verb"));
                }
                template.verb = Some(verb.to_owned());
                break;
            }
            left = left.strip_prefix('/').ok_or_else(|| wrong("has something behind a `}`"))?;
        }
        let before_last = template.segments.iter().rev().skip(1);
        if before_last.into_iter().any(|segment| *segment == Segment::Rest) {
            return Err(wrong("has a `**` that is not at the end"));
        }
        Ok(template)
    }
}

fn segment(text: &str) -> Option<Segment> {
    match text {
        "*" => Some(Segment::One),
        "**" => Some(Segment::Rest),
        literal => is_literal(literal).then(|| Segment::Literal(literal.to_owned())),
    }
}

fn is_literal(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::{Segment, Template, Variable};

    #[test]
    fn a_template_names_its_segments_variables_and_verb() {
        let template = Template::parse("/v1/{name=vendors/*/stock/*}/x:receive").unwrap();
        let literal = |text: &str| Segment::Literal(text.into());
        let segments = [
            literal("v1"),
            literal("vendors"),
            Segment::One,
            literal("stock"),
            Segment::One,
            literal("x"),
        ];
        assert_eq!(template.segments, segments);
        assert_eq!(template.variables, [Variable { field: "name".into(), from: 1, to: 5 }]);
        assert_eq!(template.verb.as_deref(), Some("receive"));
        let plain = Template::parse("/v1/{a.b}/{rest=**}").unwrap();
        assert_eq!(plain.variables[0], Variable { field: "a.b".into(), from: 1, to: 2 });
        assert_eq!(plain.segments[2], Segment::Rest);
    }

    #[test]
    fn what_is_not_a_template_is_refused() {
        for text in [
            "",
            "v1",
            "/v1/{a",
            "/v1/{a=**}/b",
            "/v1/{a}b",
            "/v1//b",
            "/v1/a:",
            "/v1/é",
            "/v1/a:b:c",
        ] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
