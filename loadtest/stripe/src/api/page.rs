//! Lists: newest first, in pages that a cursor continues.

use serde_json::{Value, json};

use crate::error::ApiError;
use crate::ledger::Shelf;
use crate::params::Params;

/// Which part of a list is wanted.
#[derive(Debug)]
pub(crate) struct Page {
    limit: usize,
    starting_after: Option<String>,
    ending_before: Option<String>,
    created: Created,
}

/// Bounds on the creation time, in Unix seconds.
#[derive(Debug)]
struct Created {
    least: i64,
    most: i64,
}

/// What a list can be ordered and cut by.
pub(crate) trait Listed {
    fn id(&self) -> &str;
    fn created(&self) -> i64;
}

macro_rules! listed {
    ($($kind:ty),*) => {$(
        impl Listed for $kind {
            fn id(&self) -> &str {
                &self.id
            }

            fn created(&self) -> i64 {
                self.created
            }
        }
    )*};
}
listed!(crate::intent::Intent, crate::charge::Charge, crate::charge::Refund, crate::event::Event);

impl Page {
    pub(crate) fn read(params: &mut Params<'_>) -> Result<Self, ApiError> {
        let limit = params.integer("limit")?.unwrap_or(10);
        if !(1..=100).contains(&limit) {
            return Err(ApiError::invalid("Limit must be between 1 and 100.", "limit")
                .code("parameter_invalid_integer"));
        }
        let page = Self {
            limit: usize::try_from(limit).unwrap_or(10),
            starting_after: params.string("starting_after")?,
            ending_before: params.string("ending_before")?,
            created: Created::read(params)?,
        };
        if page.starting_after.is_some() && page.ending_before.is_some() {
            return Err(ApiError::invalid(
                "You may only specify one of these parameters: ending_before, starting_after.",
                "starting_after",
            ));
        }
        Ok(page)
    }

    /// Cuts the page out of all there are.
    pub(crate) fn cut<T: Listed>(
        &self,
        all: &Shelf<T>,
        url: &str,
        noun: &str,
        keep: impl Fn(&T) -> bool,
        render: impl Fn(&T) -> Value,
    ) -> Result<Value, ApiError> {
        for (cursor, param) in
            [(&self.starting_after, "starting_after"), (&self.ending_before, "ending_before")]
        {
            if let Some(id) = cursor.as_ref().filter(|id| all.get(id).is_none()) {
                let mut error = ApiError::missing(noun, id, param);
                error.status = http::StatusCode::BAD_REQUEST;
                return Err(error);
            }
        }
        let matches = |it: &&T| keep(it) && self.created.holds(it.created());
        let mut items: Vec<&T> = match (&self.starting_after, &self.ending_before) {
            (Some(after), _) => all
                .iter()
                .rev()
                .skip_while(|it| it.id() != after)
                .skip(1)
                .filter(matches)
                .take(self.limit + 1)
                .collect(),
            // Backwards from the cursor: the nearest newer ones, then told newest first.
            (None, Some(before)) => all
                .iter()
                .skip_while(|it| it.id() != before)
                .skip(1)
                .filter(matches)
                .take(self.limit + 1)
                .collect(),
            (None, None) => all.iter().rev().filter(matches).take(self.limit + 1).collect(),
        };
        let has_more = items.len() > self.limit;
        items.truncate(self.limit);
        if self.ending_before.is_some() {
            items.reverse();
        }
        let data: Vec<_> = items.into_iter().map(render).collect();
        Ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
    }
}

impl Created {
    fn read(params: &mut Params<'_>) -> Result<Self, ApiError> {
        let mut bounds = Self { least: i64::MIN, most: i64::MAX };
        for (name, text) in params.map("created")?.unwrap_or_default() {
            let at: i64 = text.parse().map_err(|_| {
                ApiError::invalid(format!("Invalid integer: {text}"), "created")
                    .code("parameter_invalid_integer")
            })?;
            match name.as_str() {
                "gt" => bounds.least = at.saturating_add(1),
                "gte" => bounds.least = at,
                "lt" => bounds.most = at.saturating_sub(1),
                "lte" => bounds.most = at,
                _ => {
                    return Err(ApiError::invalid(
                        format!("Received unknown parameter: created[{name}]"),
                        "created",
                    )
                    .code("parameter_unknown"));
                }
            }
        }
        Ok(bounds)
    }

    fn holds(&self, at: i64) -> bool {
        (self.least..=self.most).contains(&at)
    }
}
