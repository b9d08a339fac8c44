//! A name in the scripts of the country.

use serde::{Deserialize, Serialize};

use crate::Text;

/// A name in the scripts of the country; empty in those it is not written in, but not in all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NameInScripts {
    /// In Arabic letters.
    pub arabic: Text<100, 0>,
    /// In Latin letters.
    pub latin: Text<100, 0>,
    /// In Tifinagh.
    pub tifinagh: Text<100, 0>,
}

impl NameInScripts {
    /// Whether it is written in no script at all, and so is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::NameInScripts;

    #[test]
    fn a_name_is_written_in_one_script_at_least() {
        let name = NameInScripts { latin: "Atlas".parse().unwrap(), ..NameInScripts::default() };
        assert!(!name.is_empty());
        assert!(NameInScripts::default().is_empty());
    }
}
