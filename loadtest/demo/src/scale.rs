//! How large the catalogue is, in thousandths of the full size.

use std::fmt;
use std::str::FromStr;

const PERMILLE_MAX: u32 = 100_000;
/// An edition can have five offers, each of another open vendor; ten vendors hold eight open ones.
const VENDORS_MIN: u32 = 10;

/// The size of a catalogue: 1 is the full one (120 vendors, 9,000 editions, 24,000 offers, 8,000
/// users), 0.001 the least and 100 the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    permille: u32,
}

/// Why a size is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleRefused(String);

impl fmt::Display for ScaleRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the scale {} is not a number from 0.001 to 100 with at most 3 decimals", self.0)
    }
}

impl std::error::Error for ScaleRefused {}

impl Scale {
    /// The full size.
    pub const FULL: Self = Self { permille: 1_000 };

    /// The size in thousandths, from 1 to 100,000.
    pub fn from_permille(permille: u32) -> Result<Self, ScaleRefused> {
        if (1..=PERMILLE_MAX).contains(&permille) {
            return Ok(Self { permille });
        }
        Err(ScaleRefused(format!("of {permille} thousandths")))
    }

    /// The size in thousandths.
    pub const fn permille(self) -> u32 {
        self.permille
    }

    /// How many authors there are.
    pub fn authors(self) -> u32 {
        (self.permille * 3 / 2).max(1)
    }

    /// How many works they wrote.
    pub const fn works(self) -> u32 {
        self.permille * 6
    }

    /// In how many editions: three for two works.
    pub const fn editions(self) -> u32 {
        self.permille * 9
    }

    /// How many offers there are on them: eight for three editions.
    pub const fn offers(self) -> u32 {
        self.permille * 24
    }

    /// How many vendors make them; never under ten.
    pub fn vendors(self) -> u32 {
        (self.permille * 12 / 100).max(VENDORS_MIN)
    }

    /// How many users look at them.
    pub const fn users(self) -> u32 {
        self.permille * 8
    }
}

impl FromStr for Scale {
    type Err = ScaleRefused;

    /// Reads a decimal such as `0.1`, `1` or `2.5`.
    fn from_str(text: &str) -> Result<Self, ScaleRefused> {
        let refused = || ScaleRefused(format!("{text:?}"));
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(decimals) || decimals.len() > 3 {
            return Err(refused());
        }
        let whole: u32 = whole.parse().map_err(|_| refused())?;
        let thousandths: u32 = format!("{decimals:0<3}").parse().map_err(|_| refused())?;
        let permille = whole.checked_mul(1_000).and_then(|whole| whole.checked_add(thousandths));
        Self::from_permille(permille.ok_or_else(refused)?).map_err(|_| refused())
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, thousandths) = (self.permille / 1_000, self.permille % 1_000);
        if thousandths == 0 {
            return write!(f, "{whole}");
        }
        let decimals = format!("{thousandths:03}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}
