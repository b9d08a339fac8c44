//! A file cut into its lines.

use base_fault::{Code, Fault};

use crate::Line;

/// What a file may have.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest file, in bytes.
    pub bytes_max: usize,
    /// Most lines with something on them.
    pub lines_max: usize,
}

impl Limits {
    /// The lines with something on them; a byte order mark is passed over.
    ///
    /// Errors: the file is too large, or has no line or too many.
    pub fn lines<'a>(&self, file: &'a [u8]) -> Result<Vec<Line<'a>>, Fault> {
        let Self { bytes_max, lines_max } = *self;
        if file.len() > bytes_max {
            let text = format!("the file has {} bytes; expected at most {bytes_max}", file.len());
            return Err(Fault::caller(Code::BodyTooLarge, text));
        }
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let lines = (1..).zip(file.split(|byte| *byte == b'\n'));
        let lines = lines.map(|(number, bytes)| Line { number, bytes });
        let filled = lines.filter(|line| !line.bytes.trim_ascii().is_empty());
        let filled: Vec<Line<'a>> = filled.take(lines_max + 1).collect();
        if (1..=lines_max).contains(&filled.len()) {
            Ok(filled)
        } else {
            let problem = format!("expected 1 to {lines_max} lines, one JSON object each");
            Err(Fault::invalid_field("body", problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use base_fault::Code;

    use super::Limits;

    const LIMITS: Limits = Limits { bytes_max: 20, lines_max: 3 };

    #[test]
    fn lines_keep_their_numbers_and_blank_ones_are_passed_over() {
        let lines = LIMITS.lines("\u{feff}{}\r\n\n  \nx\n{}".as_bytes()).unwrap();
        let found: Vec<(u32, &[u8])> = lines.iter().map(|line| (line.number, line.bytes)).collect();
        assert_eq!(found, [(1, &b"{}\r"[..]), (4, b"x"), (5, b"{}")]);
    }

    #[test]
    fn a_file_that_is_no_list_of_lines_is_refused_as_a_whole() {
        let code =
            |file: &[u8]| LIMITS.lines(file).map(|lines| lines.len()).map_err(|no| no.code());
        assert_eq!(code(b""), Err(Code::InvalidField));
        assert_eq!(code(b"\n \r\n"), Err(Code::InvalidField));
        assert_eq!(code(b"{}\n{}\n{}"), Ok(3));
        assert_eq!(code(b"{}\n{}\n{}\n{}"), Err(Code::InvalidField));
        assert_eq!(code(&[b' '; 21]), Err(Code::BodyTooLarge));
    }
}
