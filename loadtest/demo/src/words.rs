//! Word lists: what titles, names and addresses are put together from.

use serde::{Deserialize, Serialize};

mod amazigh;
mod children;
mod computing;
mod cookery;
mod history;
mod law;
pub(crate) mod names;
pub(crate) mod places;
mod poetry;
pub(crate) mod publishers;
mod school;
pub(crate) mod shops;
mod sufism;
pub(crate) mod vowels;

/// What a book is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// History of towns, dynasties and trade.
    History,
    /// Amazigh language, crafts and customs.
    AmazighHeritage,
    /// Cooking.
    Cookery,
    /// Law.
    Law,
    /// Books for pupils.
    School,
    /// Stories for children.
    Children,
    /// Poems.
    Poetry,
    /// Sufism.
    Sufism,
    /// Computing.
    Computing,
}

/// The templates and topics of a subject.
pub(crate) struct SubjectWords {
    pub(crate) templates: &'static [Template],
    pub(crate) topics: &'static [Topic],
}

/// The frame of a title in each language; its marks are explained in `titles`.
pub(crate) struct Template {
    pub(crate) ar: &'static str,
    pub(crate) latin: &'static str,
    pub(crate) fr: &'static str,
    pub(crate) en: &'static str,
    /// The least and the greatest number that makes sense, where the frame has one.
    pub(crate) numbers: (u32, u32),
}

/// What a title is about; the French word has its article, unless it never takes one.
pub(crate) struct Topic {
    pub(crate) ar: &'static str,
    pub(crate) latin: &'static str,
    pub(crate) fr: &'static str,
    pub(crate) en: &'static str,
}

/// Where a title plays.
pub(crate) struct Place {
    pub(crate) ar: &'static str,
    pub(crate) latin: &'static str,
    pub(crate) fr: &'static str,
    /// With the French preposition that means "in".
    pub(crate) fr_in: &'static str,
    pub(crate) en: &'static str,
}

const fn template(
    ar: &'static str,
    latin: &'static str,
    fr: &'static str,
    en: &'static str,
) -> Template {
    Template { ar, latin, fr, en, numbers: (1, 1) }
}

impl Template {
    const fn numbers(mut self, least: u32, greatest: u32) -> Self {
        self.numbers = (least, greatest);
        self
    }
}

const fn topic(ar: &'static str, latin: &'static str, fr: &'static str, en: &'static str) -> Topic {
    Topic { ar, latin, fr, en }
}

impl Subject {
    /// All nine.
    pub const ALL: [Self; 9] = [
        Self::History,
        Self::AmazighHeritage,
        Self::Cookery,
        Self::Law,
        Self::School,
        Self::Children,
        Self::Poetry,
        Self::Sufism,
        Self::Computing,
    ];

    pub(crate) const fn words(self) -> &'static SubjectWords {
        match self {
            Self::History => &history::WORDS,
            Self::AmazighHeritage => &amazigh::WORDS,
            Self::Cookery => &cookery::WORDS,
            Self::Law => &law::WORDS,
            Self::School => &school::WORDS,
            Self::Children => &children::WORDS,
            Self::Poetry => &poetry::WORDS,
            Self::Sufism => &sufism::WORDS,
            Self::Computing => &computing::WORDS,
        }
    }

    /// The fewest and the most pages of such a book.
    pub(crate) const fn pages(self) -> (u32, u32) {
        match self {
            Self::Children => (24, 72),
            Self::Poetry => (64, 180),
            Self::School => (96, 260),
            Self::Cookery => (120, 320),
            Self::Sufism | Self::AmazighHeritage => (120, 420),
            Self::History | Self::Law | Self::Computing => (160, 720),
        }
    }
}
