//! Parameters as Stripe reads them: `application/x-www-form-urlencoded` with bracket keys.

use std::fmt::Write as _;

use svc_payments::effect::Subject;

/// Parameters, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(String);

impl Form {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        encode(&mut self.0, name);
        self.0.push('=');
        encode(&mut self.0, value);
        self
    }

    /// Adds one if there is one.
    pub(super) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds what brings any word about it home.
    pub(super) fn subject(self, subject: &Subject) -> Self {
        self.with("metadata[user]", subject.user.as_str())
            .with("metadata[payment]", subject.payment.as_str())
            .with("metadata[attempt]", &subject.attempt.to_string())
    }

    /// As it is sent.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

fn encode(form: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            form.push(char::from(byte));
        } else {
            write!(form, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn keys_and_values_are_encoded_alike() {
        let form = Form::new()
            .with("metadata[user]", "users/leila")
            .with("description", "كتاب & 1=2")
            .with_some("none", None);
        assert_eq!(
            form.as_str(),
            "metadata%5Buser%5D=users%2Fleila&description=%D9%83%D8%AA%D8%A7%D8%A8%20%26%201%3D2"
        );
    }
}
