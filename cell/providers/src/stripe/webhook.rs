//! Stripe's events: proven by `Stripe-Signature`, then read.

use base_config::Secret;
use base_fault::{Code, Fault};
use base_time::Timestamp;
use ring::hmac;
use serde::Deserialize;
use serde_json::Value;
use svc_payments::{ProviderEvent, WebhookVerifier, effect::Subject, report::Said};

use super::object::{self, Intent, Refund};

/// How old a signature may be, or how far ahead of our clock, in seconds: Stripe's own tolerance.
const TOLERANCE: u64 = 300;

/// Believes what is signed with the endpoint's secret.
pub struct Webhooks {
    key: Option<hmac::Key>,
}

#[derive(Deserialize)]
struct Event {
    id: String,
    r#type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

impl Webhooks {
    /// Believes this secret's signatures; without a secret, nobody's.
    pub fn new(secret: &Secret) -> Self {
        let bytes = secret.expose().as_bytes();
        let key = (!bytes.is_empty()).then(|| hmac::Key::new(hmac::HMAC_SHA256, bytes));
        Self { key }
    }

    /// `t=<unix seconds>,v1=<hex>`; there may be several v1 while the secret is rolled, and other schemes, which are not read.
    fn is_signed(&self, body: &[u8], signature: &str, at: Timestamp) -> bool {
        let parts = || signature.split(',').filter_map(|part| part.trim().split_once('='));
        let Some(time) = parts().find(|(name, _)| *name == "t").map(|(_, value)| value) else {
            return false;
        };
        let fresh = time.parse::<i64>().is_ok_and(|time| time.abs_diff(at.as_secs()) <= TOLERANCE);
        let Some(key) = self.key.as_ref().filter(|_| fresh) else { return false };
        let signed = [time.as_bytes(), b".", body].concat();
        let codes = parts().filter(|(name, _)| *name == "v1").filter_map(|(_, code)| bytes(code));
        // Compared in constant time.
        codes.into_iter().any(|code| hmac::verify(key, &signed, &code).is_ok())
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

impl WebhookVerifier for Webhooks {
    fn verify(
        &self,
        body: &[u8],
        signature: Option<&str>,
        at: Timestamp,
    ) -> Result<ProviderEvent, Fault> {
        if !signature.is_some_and(|signature| self.is_signed(body, signature, at)) {
            let problem = "is missing, wrong, or more than 300 seconds from now";
            return Err(Fault::invalid_field("stripe-signature", problem));
        }
        let event: Event = serde_json::from_slice(body).map_err(|error| {
            Fault::caller(Code::Malformed, "the body is not an event of Stripe's").because(error)
        })?;
        let (subject, said) = read(&event.r#type, event.data.object)?;
        let subject = subject.map(|subject| (subject.user, subject.payment));
        Ok(ProviderEvent { id: event.id, subject, said })
    }
}

/// What an event is about, and what it says; nothing, if it is not about an intent or a refund that we asked for.
fn read(kind: &str, about: Value) -> Result<(Option<Subject>, Option<Said>), Fault> {
    if kind.starts_with("payment_intent.") {
        let intent = Intent::read(about)?;
        let Some(subject) = object::subject_of(&intent.metadata) else { return Ok((None, None)) };
        let said = Said::Intent(intent.report(&subject)?);
        return Ok((Some(subject), Some(said)));
    }
    if kind.starts_with("refund.") || kind == "charge.refund.updated" {
        let refund: Refund = object::read(about)?;
        let subject = object::subject_of(&refund.metadata);
        let order = refund.order().filter(|_| subject.is_some());
        let said = order.map(|order| refund.report(&order)).transpose()?;
        return Ok((subject, said.map(Said::Refund)));
    }
    Ok((None, None))
}

#[cfg(test)]
mod tests {
    use base_fault::Code;
    use base_time::Timestamp;
    use svc_payments::WebhookVerifier as _;

    use super::Webhooks;

    const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);
    const BODY: &[u8] = br#"{"id":"evt_test_webhook","object":"event"}"#;
    /// `printf '%s' '1700000000.<body>' | openssl dgst -sha256 -hmac whsec_test_secret`
    const CODE: &str = "d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990";

    fn webhooks(secret: &str) -> Webhooks {
        Webhooks::new(&secret.to_owned().into())
    }

    #[test]
    fn only_a_fresh_signature_of_the_whole_body_proves_an_event() {
        let ours = webhooks("whsec_test_secret");
        let good = format!("t=1700000000,v1={CODE}");
        assert!(ours.is_signed(BODY, &good, AT));
        assert!(ours.is_signed(BODY, &format!("t=1700000000,v1=00,v0=x, v1={CODE}"), AT));
        for seconds in [-301, 301] {
            let at = Timestamp::from_millis(AT.as_millis() + seconds * 1_000);
            assert!(!ours.is_signed(BODY, &good, at), "{seconds}");
        }
        for signature in
            ["", "t=1700000000", &format!("v1={CODE}"), "t=1700000000,v1=zz,v1=0", &good[..40]]
        {
            assert!(!ours.is_signed(BODY, signature, AT), "{signature}");
        }
        assert!(!ours.is_signed(b"{}", &good, AT));
        assert!(!webhooks("whsec_other").is_signed(BODY, &good, AT));
        assert!(!webhooks("").is_signed(BODY, &good, AT), "no secret believes nobody");
    }

    #[test]
    fn what_is_signed_and_still_no_event_is_refused() {
        let ours = webhooks("whsec_test_secret");
        let fault = ours.verify(BODY, Some(&format!("t=1700000000,v1={CODE}")), AT).unwrap_err();
        assert_eq!(fault.code(), Code::Malformed);
        assert_eq!(ours.verify(BODY, None, AT).unwrap_err().code(), Code::InvalidField);
    }
}
