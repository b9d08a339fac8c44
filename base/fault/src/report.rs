//! Prints an error with everything that caused it, in one line.

use std::{error::Error, fmt::Write as _};

/// The error's text followed by the text of each cause: `append failed: cannot write: no space left on device`.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::chain;
    use crate::{Code, Fault};

    #[test]
    fn a_fault_tells_its_causes_once_and_in_order() {
        let cause = std::io::Error::other("no space left");
        let fault = Fault::ours(Code::StoreBroken, "cannot append").because(cause);
        assert_eq!(chain(&fault), "cannot append: no space left");
    }
}
