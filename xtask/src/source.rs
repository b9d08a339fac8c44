//! Rust source as the rules read it: what is code, what is a comment or a string, where functions begin and end.

/// A file with everything blanked out that is not code; lines and columns stay where they are.
pub(crate) fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = not_code(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
            continue;
        }
        for char in &chars[at..end] {
            code.push(if *char == '\n' { '\n' } else { ' ' });
        }
        at = end;
    }
    code
}

/// Where the comment, string or character that begins at `at` ends; `at` itself if code begins there.
fn not_code(chars: &[char], at: usize) -> usize {
    let ahead = |offset: usize| chars.get(at + offset).copied().unwrap_or('\0');
    let word_before = at > 0 && is_word(chars[at - 1]);
    match (chars[at], ahead(1)) {
        ('/', '/') => find(chars, at, |from| chars[from] == '\n'),
        ('/', '*') => block_comment(chars, at),
        ('"', _) => quoted(chars, at + 1, '"'),
        ('b', '"') if !word_before => quoted(chars, at + 2, '"'),
        ('r', '"' | '#') if !word_before => raw_string(chars, at, at + 1),
        ('b', 'r') if !word_before && matches!(ahead(2), '"' | '#') => {
            raw_string(chars, at, at + 2)
        }
        // A lifetime has no closing quote right behind its first character.
        ('\'', '\\') => quoted(chars, at + 1, '\''),
        ('\'', _) if ahead(2) == '\'' => at + 3,
        _ => at,
    }
}

fn find(chars: &[char], from: usize, ends: impl Fn(usize) -> bool) -> usize {
    (from..chars.len()).find(|at| ends(*at)).unwrap_or(chars.len())
}

fn quoted(chars: &[char], mut at: usize, close: char) -> usize {
    while at < chars.len() && chars[at] != close {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn raw_string(chars: &[char], begin: usize, mut at: usize) -> usize {
    let hashes = chars[at..].iter().take_while(|char| **char == '#').count();
    at += hashes;
    if chars.get(at) != Some(&'"') {
        // A raw identifier, such as r#type.
        return begin;
    }
    let closes = |from: usize| {
        chars[from] == '"'
            && chars[from + 1..].iter().take_while(|char| **char == '#').count() >= hashes
    };
    (find(chars, at + 1, closes) + 1 + hashes).min(chars.len())
}

fn block_comment(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Counted from 1.
    pub(crate) line: usize,
    /// From its first line to its last.
    pub(crate) lines: usize,
    /// It is marked as a test.
    pub(crate) test: bool,
}

/// The functions of a file of which only the code is left.
pub(crate) fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for (at, name) in named_by(code, "fn") {
        let line = line_of(code, at);
        let body = code[at..].find(['{', ';']).map(|offset| at + offset);
        let end = match body {
            Some(open) if code.as_bytes()[open] == b'{' => closing(code, open),
            _ => at,
        };
        let test = code[..at].trim_end().lines().rev().take(4).any(|above| {
            let above = above.trim();
            above.starts_with("#[") && above.contains("test") && !above.contains("cfg")
        });
        found.push(Function { name, line, lines: line_of(code, end) - line + 1, test });
    }
    found
}

/// Where `keyword name` stands, with the name; for keywords that name what they declare.
pub(crate) fn named_by(code: &str, keyword: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(keyword) {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        let Some(behind) = code[at + keyword.len()..].strip_prefix([' ', '\n']) else { continue };
        let name: String = behind.trim_start().chars().take_while(|char| is_word(*char)).collect();
        if !is_word(before) && name.chars().next().is_some_and(char::is_alphabetic) {
            found.push((at, name));
        }
    }
    found
}

/// Counted from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where the brace that opens at `open` closes.
pub(crate) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code.as_bytes()[open..].iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return open + offset,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    code.len().saturating_sub(1)
}

/// How many lines of a file hold code that is not in a `#[cfg(test)]` block; comments and blank lines do not count.
pub(crate) fn lines_of_code(code: &str) -> usize {
    let counted = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    let mut tests = 0;
    for (at, _) in code.match_indices("#[cfg(test)]") {
        let behind = &code[at..];
        let open = behind.find('{');
        let ended = behind.find(';');
        if let Some(open) = open
            && ended.is_none_or(|ended| open < ended)
        {
            tests += counted(&code[at..=closing(code, at + open)]);
        }
    }
    counted(code) - tests
}

#[cfg(test)]
mod tests {
    use super::{code_only, functions, lines_of_code};

    #[test]
    fn comments_strings_and_characters_are_not_code() {
        let cases = [
            ("a // b\nc", "a     \nc"),
            ("a /* x /* y */ z */ b", "a                     b"),
            (r#"f("fn \" {", 'x', '\'')"#, "f(        ,    ,     )"),
            ("r#\"fn \"x\" \"# + b\"{\" + r#type", "             +        + r#type"),
            ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
        ];
        for (source, code) in cases {
            assert_eq!(code_only(source).replace(' ', ""), code.replace(' ', ""), "{source}");
            assert_eq!(code_only(source).chars().count(), source.chars().count(), "{source}");
        }
    }

    #[test]
    fn functions_are_found_with_their_lines() {
        let source = "/// fn nobody() {}\npub async fn one(\n) {\n  if x { y }\n}\ntrait T { fn two(&self); }\n#[test]\nfn three() {}\ntype F = fn(u8);\n";
        let found = functions(&code_only(source));
        let shown: Vec<_> =
            found.iter().map(|f| (f.name.as_str(), f.line, f.lines, f.test)).collect();
        assert_eq!(shown, [("one", 2, 4, false), ("two", 6, 1, false), ("three", 8, 1, true)]);
    }

    #[test]
    fn a_block_of_tests_does_not_count() {
        assert_eq!(lines_of_code("a\n#[cfg(test)]\nmod tests {\n x\n}\nb\n"), 2);
        assert_eq!(lines_of_code("#[cfg(test)]\nmod tests;\nfn f() {}\n"), 3);
    }
}
