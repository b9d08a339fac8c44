//! Every method of the contract says who may call it; and how over HTTP, unless it is for the platform alone.

use super::Finding;
use crate::{
    house::House,
    source::{closing, line_of},
};

const FOLDER: &str = "proto/souk";

pub(super) fn check(house: &House) -> Vec<Finding> {
    house
        .files(FOLDER, "proto")
        .into_iter()
        .flat_map(|path| in_file(&path, &house.text(&path)))
        .collect()
}

fn in_file(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, _) in text.match_indices("\n  rpc ") {
        let name: String =
            text[at + 7..].chars().take_while(|char| char.is_alphanumeric()).collect();
        let open = text[at..].find(['{', ';']).map_or(text.len(), |offset| at + offset);
        let body =
            if text[open..].starts_with('{') { &text[open..closing(text, open)] } else { "" };
        let place = format!("{path}:{}", line_of(text, at + 1));
        let internal = body.contains("who: INTERNAL");
        if !body.contains("(souk.v1.access)") {
            let remedy = "add `option (souk.v1.access) = {who: …};`";
            findings.push(Finding::new(
                &place,
                format!("{name} does not say who may call it"),
                remedy,
            ));
        } else if internal == body.contains("(google.api.http)") {
            let (what, remedy) = if internal {
                ("is internal and has a route", "take the route away")
            } else {
                ("has no route", "add `option (google.api.http) = {…};`, or make it INTERNAL")
            };
            findings.push(Finding::new(&place, format!("{name} {what}"), remedy));
        }
        let above = text[..=at].trim_end().lines().next_back().unwrap_or_default();
        if !above.trim_start().starts_with("//") {
            findings.push(Finding::new(
                &place,
                format!("{name} does not say what it does"),
                "a comment above it becomes its page",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::in_file;

    fn broken(body: &str) -> Vec<String> {
        let text = format!("service S {{\n  // Does it.\n  rpc Do(A) returns (B) {{{body}}}\n}}\n");
        in_file("a.proto", &text).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn a_method_has_a_route_and_says_who_may_take_it() {
        let (route, anyone) = (
            "option (google.api.http) = {get: \"/v1/x\"};",
            "option (souk.v1.access) = {who: ANYONE};",
        );
        let internal = "option (souk.v1.access) = {who: INTERNAL};";
        assert!(broken(&format!("{route}{anyone}")).is_empty());
        assert!(broken(internal).is_empty());
        assert_eq!(broken(route), ["Do does not say who may call it"]);
        assert_eq!(broken(anyone), ["Do has no route"]);
        assert_eq!(broken(&format!("{route}{internal}")), ["Do is internal and has a route"]);
        assert_eq!(in_file("a.proto", "service S {\n  rpc Do(A) returns (B);\n}\n").len(), 2);
    }
}
