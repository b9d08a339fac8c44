//! Reads requests as commands; every mistake names its field.

use base_fault::Fault;
use base_ids::ResourceId;
use cell_kernel::{Request, field, ids_of};
use cell_words::{
    Condition,
    asked::{details, price},
    offer::{Draft, offer_of_sku},
};

use crate::{
    command::{Ask, Command},
    wire,
};

pub(super) const OFFER: &str = "vendors/*/offers/*";

/// What can be set of an offer that there is.
const FIELDS: [&str; 2] = ["price", "condition"];

type Read = Result<Command, Fault>;

pub(super) fn create_offer(_: &Request, asked: &wire::CreateOfferRequest) -> Read {
    let given = asked.details.as_ref();
    let draft = Draft {
        product: field("product", &asked.product)?,
        condition: condition("condition", &asked.condition)?,
        price: price("price", asked.price.as_ref())?,
        details: given.map(|given| details("details", Some(given))).transpose()?,
    };
    let offer = offer_of_sku(&asked.sku);
    let offer = offer.map_err(|error| Fault::invalid_field("sku", error.to_string()))?;
    Ok(Command::Offer { offer, ask: Ask::Create(Box::new(draft)) })
}

fn condition(at: &str, text: &str) -> Result<Condition, Fault> {
    Condition::or_new(text).map_err(|error| Fault::invalid_field(at, error.to_string()))
}

pub(super) fn update_offer(_: &Request, asked: &wire::UpdateOfferRequest) -> Read {
    let given = asked.offer.clone().unwrap_or_default();
    let paths = asked.update_mask.as_ref().map(|mask| mask.paths.as_slice()).unwrap_or_default();
    let there = |field: &&str| match *field {
        "price" => given.price.is_some(),
        _ => !given.condition.is_empty(),
    };
    let named: Vec<&str> = match (paths.iter().any(|path| path == "*"), paths.is_empty()) {
        (true, _) => FIELDS.to_vec(),
        (false, true) => FIELDS.into_iter().filter(there).collect(),
        (false, false) => paths.iter().map(String::as_str).collect(),
    };
    let (mut new_price, mut new_condition) = (None, None);
    for field in named {
        match field {
            "price" => new_price = Some(price("offer.price", given.price.as_ref())?),
            "condition" => new_condition = Some(condition("offer.condition", &given.condition)?),
            other => {
                let problem = format!(
                    "names `{other}`, which cannot be set so; expected price and condition"
                );
                return Err(Fault::invalid_field("update_mask", problem));
            }
        }
    }
    of_offer(&asked.name, Ask::Update { price: new_price, condition: new_condition })
}

pub(super) fn pause_offer(_: &Request, asked: &wire::PauseOfferRequest) -> Read {
    of_offer(&asked.name, Ask::Pause)
}

pub(super) fn resume_offer(_: &Request, asked: &wire::ResumeOfferRequest) -> Read {
    of_offer(&asked.name, Ask::Resume)
}

pub(super) fn withdraw_offer(_: &Request, asked: &wire::WithdrawOfferRequest) -> Read {
    of_offer(&asked.name, Ask::Withdraw)
}

fn of_offer(name: &str, ask: Ask) -> Read {
    let [_, offer]: [ResourceId; 2] = ids_of("name", OFFER, name)?;
    Ok(Command::Offer { offer, ask })
}
