//! A line of an import, as the import hands it to the vendor's offers, and what became of it.

use base_ids::ResourceId;
use cell_kernel::Unreadable;
use serde::{Deserialize, Serialize};
use souk_proto::souk::{
    offers::v1::{CarryOutLine, LineCarriedOut, line_carried_out},
    v1,
};

use crate::{
    money,
    offer::{Draft, FirstStock},
    told,
};

/// A line of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Whose line.
    pub import: ResourceId,
    /// Counted from 1.
    pub line: u32,
    /// Which offer.
    pub offer: ResourceId,
    /// What it offers.
    pub draft: Draft,
    /// What there is of it at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<FirstStock>,
}

/// Something wrong with a line of an import or of a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineProblem {
    /// A stable code.
    pub code: String,
    /// The field, if it is about one.
    pub field: String,
    /// What is wrong and what would be right.
    pub text: String,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its offer is new.
    Created,
    /// Its offer has changed.
    Updated,
    /// Its offer was so already.
    Unchanged,
    /// It could not be carried out.
    Failed(LineProblem),
}

/// A line of an import that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Whose line.
    pub import: ResourceId,
    /// Which.
    pub line: u32,
    /// The offer that it was about.
    pub offer: String,
    /// How.
    pub outcome: Outcome,
}

impl Line {
    /// As the import has told it.
    pub fn read(told: &CarryOutLine) -> Result<Self, Unreadable> {
        let stock = match told::number(told.stock)? {
            0 => None,
            quantity => Some(FirstStock { quantity, location: told::read(&told.location)? }),
        };
        let draft = Draft {
            product: told::read(&told.product)?,
            condition: told::read(&told.condition)?,
            price: told::price(told.price.as_ref())?,
            details: told::details(told.details.as_ref())?,
        };
        let (import, offer) = (told::read(&told.import)?, told::read(&told.offer)?);
        Ok(Self { import, line: told::number(told.line)?, offer, draft, stock })
    }
}

impl From<&Line> for CarryOutLine {
    fn from(line: &Line) -> Self {
        let stock = line.stock.as_ref();
        Self {
            import: line.import.to_string(),
            line: number(line.line),
            offer: line.offer.to_string(),
            product: line.draft.product.to_string(),
            condition: line.draft.condition.as_str().to_owned(),
            price: Some(money(line.draft.price.get())),
            stock: stock.map_or(0, |stock| stock.quantity.into()),
            location: stock.map(|stock| stock.location.to_string()).unwrap_or_default(),
            details: line.draft.details.as_deref().map(Into::into),
        }
    }
}

impl Ended {
    /// As the vendor's offers have told it.
    pub fn read(told: &LineCarriedOut) -> Result<Self, Unreadable> {
        use line_carried_out::Outcome as Told;
        let outcome = match told.outcome() {
            Told::Unspecified => return Err(Unreadable("`outcome` is missing".to_owned())),
            Told::Created => Outcome::Created,
            Told::Updated => Outcome::Updated,
            Told::Unchanged => Outcome::Unchanged,
            Told::Failed => Outcome::Failed(told.problem.clone().unwrap_or_default().into()),
        };
        let (import, line) = (told::read(&told.import)?, told::number(told.line)?);
        Ok(Self { import, line, offer: told.offer.clone(), outcome })
    }
}

impl From<&Ended> for LineCarriedOut {
    fn from(ended: &Ended) -> Self {
        use line_carried_out::Outcome as Told;
        let (told, problem) = match &ended.outcome {
            Outcome::Created => (Told::Created, None),
            Outcome::Updated => (Told::Updated, None),
            Outcome::Unchanged => (Told::Unchanged, None),
            Outcome::Failed(problem) => (Told::Failed, Some(problem.into())),
        };
        Self {
            import: ended.import.to_string(),
            line: number(ended.line),
            outcome: told.into(),
            problem,
            offer: ended.offer.clone(),
        }
    }
}

impl LineProblem {
    /// A problem of this code with this field.
    pub fn new(code: &str, field: &str, text: impl Into<String>) -> Self {
        Self { code: code.to_owned(), field: field.to_owned(), text: text.into() }
    }
}

impl From<&LineProblem> for v1::Problem {
    fn from(problem: &LineProblem) -> Self {
        let LineProblem { code, field, text } = problem.clone();
        Self { code, subject: field, text }
    }
}

impl From<v1::Problem> for LineProblem {
    fn from(told: v1::Problem) -> Self {
        Self { code: told.code, field: told.subject, text: told.text }
    }
}

/// A line's number in the contract, which has a sign.
fn number(line: u32) -> i32 {
    i32::try_from(line).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use souk_proto::souk::offers::v1::{CarryOutLine, LineCarriedOut};

    use super::{Ended, Line, LineProblem, Outcome};

    const LINE: &str = r#"{"import":"i1","line":2,"offer":"b-1","draft":{"product":"9789954900000","condition":"fair","price":{"currency":"TND","minor":1}},"stock":{"quantity":1,"location":"rabat"}}"#;

    #[test]
    fn a_line_is_told_whole_and_keeps_its_form() {
        let line: Line = serde_json::from_str(LINE).unwrap();
        assert_eq!(serde_json::to_string(&line).unwrap(), LINE);
        let told = CarryOutLine::from(&line);
        assert_eq!(Line::read(&told).unwrap(), line);
        let without = Line { stock: None, ..line };
        assert_eq!(Line::read(&CarryOutLine::from(&without)).unwrap(), without);
        for broken in [
            CarryOutLine { line: -1, ..told.clone() },
            CarryOutLine { stock: -1, ..told.clone() },
            CarryOutLine { location: String::new(), ..told.clone() },
            CarryOutLine { condition: "torn".to_owned(), ..told.clone() },
            CarryOutLine { price: None, ..told },
        ] {
            assert!(Line::read(&broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn how_a_line_ended_is_told_whole() {
        let problem = LineProblem::new("offer_exists", "sku", "there is one");
        let outcomes = [Outcome::Created, Outcome::Updated, Outcome::Unchanged];
        for outcome in outcomes.into_iter().chain([Outcome::Failed(problem)]) {
            let (import, offer) = ("i1".parse().unwrap(), "b-1".to_owned());
            let ended = Ended { import, line: 2, offer, outcome };
            assert_eq!(Ended::read(&LineCarriedOut::from(&ended)).unwrap(), ended);
        }
        assert!(Ended::read(&LineCarriedOut::default()).is_err());
    }
}
