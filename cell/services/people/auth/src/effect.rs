//! What auth does to the outside world: it has letters sent. A code is worked out when its letter is sent, so none is stored.

use std::sync::Arc;

use base_ids::{Email, Language, Tenant};
use base_proof::{CodePurpose, IssuedCode, PlatformSecret, Secret};
use base_time::Timestamp;
use cell_kernel::{Answer, Effect, Seen};
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

use crate::{
    Auth, Ports,
    command::Command,
    event::{Event, FailedBecause},
};

/// Writes letters and sends them.
pub trait Post: Send + Sync + 'static {
    /// Hands a letter over. `key` is the same for every try of the same letter. A fault means that a later try may succeed.
    fn send<'a>(&'a self, mail: &'a Mail, key: &'a str) -> Answer<'a, Delivery>;
}

/// A letter to be sent.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Which.
    pub letter: Letter,
    /// To whom.
    pub to: Email,
    /// In which language.
    pub language: Language,
    /// The code that it carries, and until when that can be used.
    pub code: Option<(Secret, Timestamp)>,
}

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The post took it.
    Accepted,
    /// The mailbox does not take it, and never will: what the post said.
    Returned { reason: String },
}

/// The letters that auth has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Letter {
    /// Here is the code that ends your registration.
    RegistrationCode,
    /// Here is the code to sign in with.
    SignInCode,
    /// Here is the code to set a new password with.
    ResetCode,
    /// You have an account already.
    AlreadyRegistered,
    /// A registration is under way already.
    RegistrationUnderWay,
    /// Your password was changed.
    PasswordChanged,
    /// Somebody tries passwords.
    Locked,
    /// A session was used by two and is over.
    SessionReused,
}

/// A letter as it is stored until it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    letter: Letter,
    to: Email,
    language: Language,
    user: Tenant,
    code: Option<IssuedCode>,
}

pub(crate) struct Letters {
    post: Arc<dyn Post>,
    secret: Arc<PlatformSecret>,
}

impl Letters {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { post: ports.post.clone(), secret: ports.secret.clone() }
    }
}

impl Effect<Auth> for Letters {
    type Call = Call;

    fn calls(&self, seen: &Seen<'_, Auth>) -> Vec<Call> {
        let (Some(letter), Some(account)) = (letter_about(seen.event), &seen.state.account) else {
            return Vec::new();
        };
        let code = match seen.event {
            Event::CodeIssued { code } => Some(code.clone()),
            _ => None,
        };
        let (to, language) = (account.wish.email.clone(), account.wish.locale.language());
        vec![Call { letter, to, language, user: seen.tenant.clone(), code }]
    }

    fn perform<'a>(&'a self, call: &'a Call, key: &'a str) -> Answer<'a, Command> {
        let code = call.code.as_ref();
        let mail = Mail {
            letter: call.letter,
            to: call.to.clone(),
            language: call.language,
            code: code.map(|code| (self.secret.code(&call.user, code), code.until)),
        };
        Box::pin(async move {
            let delivery = self.post.send(&mail, key).await?;
            Ok(Command::NoteLetter { letter: call.letter, delivery })
        })
    }
}

/// The letter that an event gives rise to.
fn letter_about(event: &Event) -> Option<Letter> {
    match event {
        Event::CodeIssued { code } => Some(match code.purpose {
            CodePurpose::Registration => Letter::RegistrationCode,
            CodePurpose::SignIn => Letter::SignInCode,
            CodePurpose::ResetPassword => Letter::ResetCode,
        }),
        Event::RegistrationFailed { because, quiet: false } => match because {
            FailedBecause::Taken => Some(Letter::AlreadyRegistered),
            FailedBecause::UnderWay => Some(Letter::RegistrationUnderWay),
            FailedBecause::Expired => None,
        },
        Event::PasswordChanged { .. } => Some(Letter::PasswordChanged),
        // Once, not at every further failure.
        Event::PasswordFailed { failures, .. } => {
            failures.begin_to_lock().then_some(Letter::Locked)
        }
        Event::RefreshReused { .. } => Some(Letter::SessionReused),
        _ => None,
    }
}
