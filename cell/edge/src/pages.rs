//! The pages of the error codes, one for each, as `docs/errors` has them.

use axum::{
    body::Body,
    extract::Path,
    response::{IntoResponse as _, Response},
};
use base_fault::{Code, Fault};
use http::{StatusCode, header};

use crate::answer::Told;

/// Each code with its page, sorted by code.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// The page of a code, in Markdown.
pub fn page(code: &str) -> Option<&'static str> {
    let at = PAGES.binary_search_by(|(known, _)| (*known).cmp(code)).ok()?;
    Some(PAGES[at].1)
}

/// Those of `codes` that have no page in `docs/errors`, or one that does not begin with `# <code>`.
pub fn missing_pages<'c>(codes: impl IntoIterator<Item = &'c str>) -> Vec<String> {
    let begins = |code: &str| {
        page(code).is_some_and(|page| page.lines().next() == Some(&format!("# {code}")))
    };
    codes.into_iter().filter(|code| !begins(code)).map(str::to_owned).collect()
}

pub(crate) async fn serve(Path(code): Path<String>) -> Response<Body> {
    if let Some(page) = page(&code) {
        return markdown(page.to_owned());
    }
    Told::from(Fault::caller(Code::NotFound, "there is no such code; /errors lists all"))
        .response("")
}

pub(crate) async fn list() -> Response<Body> {
    let lines = PAGES.iter().map(|(code, _)| format!("- [{code}](/errors/{code})\n"));
    markdown(format!("# Error codes\n\n{}", lines.collect::<String>()))
}

fn markdown(text: String) -> Response<Body> {
    let headers = [
        (header::CONTENT_TYPE, "text/markdown; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (StatusCode::OK, headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use base_fault::Code;

    use super::missing_pages;

    #[test]
    fn every_code_of_a_fault_has_a_page() {
        assert_eq!(missing_pages(Code::ALL.iter().map(|code| code.as_str())), [""; 0]);
        assert_eq!(missing_pages(["never_heard_of"]), ["never_heard_of"]);
    }

    #[test]
    fn every_page_of_a_fault_says_what_it_means_what_to_do_and_how_it_looks() {
        for code in Code::ALL.iter().map(|code| code.as_str()) {
            let page = super::page(code).unwrap();
            for part in [&format!("# {code}\n"), "\n## What to do\n", "\n## Example\n"] {
                assert!(page.contains(part), "{code} lacks `{}`", part.trim());
            }
        }
    }
}
