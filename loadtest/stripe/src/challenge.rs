//! The page where a tester plays the buyer's bank: passes or fails 3-D Secure.

use http::header::{HeaderValue, LOCATION};
use http::{Method, StatusCode};

use crate::bank;
use crate::currency;
use crate::intent::{Intent, Status};
use crate::render;
use crate::reply::{Reply, Ticket, reply};
use crate::shared::{Done, Shared};

/// First segment of the pages' paths.
pub(crate) const SEGMENT: &str = "3d_secure_2";

/// Answers `/3d_secure_2/{intent}/{challenge}`, `…/authorize` and `…/fail`.
pub(crate) async fn answer(shared: &Shared, method: &Method, segments: &[&str]) -> Reply {
    match segments {
        [intent, challenge] if *method == Method::GET => show(shared, intent, challenge),
        [intent, challenge, verb @ ("authorize" | "fail")]
            if *method == Method::GET || *method == Method::POST =>
        {
            let done = bank::challenge(shared, intent, Some(challenge), *verb == "authorize");
            back(shared, intent, done).await
        }
        _ => page(StatusCode::NOT_FOUND, "There is no such page."),
    }
}

fn show(shared: &Shared, id: &str, challenge: &str) -> Reply {
    let (intent, _) = shared.read(|ledger| ledger.intents.get(id).cloned());
    match intent {
        Some(intent) if intent.challenge.as_deref() == Some(challenge) => {
            let url = render::challenge_url(&shared.base, id, challenge);
            let amount = currency::shown(intent.amount, &intent.currency);
            page(
                StatusCode::OK,
                &format!(
                    "<p>Payment of <b>{amount}</b> ({id}).</p>\
                     <form method=\"post\" action=\"{url}/authorize\"><button>Complete \
                     authentication</button></form>\
                     <form method=\"post\" action=\"{url}/fail\"><button>Fail \
                     authentication</button></form>"
                ),
            )
        }
        Some(intent) => {
            page(StatusCode::GONE, &format!("Nothing to do: {}.", intent.status.as_str()))
        }
        None => page(StatusCode::NOT_FOUND, "There is no such payment."),
    }
}

/// Sends the buyer back to the shop, whatever became of the payment.
async fn back(shared: &Shared, id: &str, mut done: Done) -> Reply {
    if !done.safe.clone().reached().await {
        return page(StatusCode::INTERNAL_SERVER_ERROR, "The state cannot be written.");
    }
    let (intent, _) = shared.read(|ledger| ledger.intents.get(id).cloned());
    let Some(intent) = intent else {
        return page(StatusCode::NOT_FOUND, "There is no such payment.");
    };
    let ticket = Ticket::new(&shared.counter, std::mem::take(&mut done.letters));
    let text = html(&format!("The payment is now: {}.", intent.status.as_str()));
    let mut response = reply(StatusCode::OK, HTML, text, Some(ticket));
    if let Some(location) = return_to(&intent) {
        *response.status_mut() = StatusCode::SEE_OTHER;
        response.headers_mut().insert(LOCATION, location);
    } else if done.status != StatusCode::OK {
        *response.status_mut() = StatusCode::GONE;
    }
    response
}

/// The shop's return URL with what Stripe adds to it.
fn return_to(intent: &Intent) -> Option<HeaderValue> {
    let url = intent.return_url.as_deref()?;
    let joint = if url.contains('?') { '&' } else { '?' };
    let outcome = match intent.status {
        Status::RequiresCapture | Status::Succeeded | Status::Processing => "succeeded",
        _ => "failed",
    };
    let location = format!(
        "{url}{joint}payment_intent={}&payment_intent_client_secret={}&redirect_status={outcome}",
        intent.id, intent.client_secret
    );
    HeaderValue::from_str(&location).ok()
}

const HTML: &str = "text/html; charset=utf-8";

fn page(status: StatusCode, content: &str) -> Reply {
    reply(status, HTML, html(content), None)
}

fn html(content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>3-D Secure \
         test</title><h1>3-D Secure test</h1>{content}</html>"
    )
}
