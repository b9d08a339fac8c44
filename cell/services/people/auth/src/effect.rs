//! What auth does to the outside world: it has letters sent, and the tokens of ended sessions refused. A code is worked out when
//! its letter is sent, so none is stored.

use base_fault::Fault;
use base_ids::{Email, Language, ResourceId, Tenant};
use base_proof::{CodePurpose, IssuedCode, Secret};
use base_time::Timestamp;
use cell_kernel::{Answer, Effect, Seen};
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

use crate::{
    Auth, Ports,
    command::Command,
    event::{EndedBecause, Event, FailedBecause},
    facts::ACCESS_FOR,
};

/// Writes letters and sends them.
pub trait Post: Send + Sync + 'static {
    /// Hands a letter over. `key` is the same for every try of the same letter. A fault means that a later try may succeed.
    fn send<'a>(&'a self, mail: &'a Mail, key: &'a str) -> Answer<'a, Delivery>;
}

/// Reaches all who read access tokens without asking anybody.
pub trait TokenReaders: Send + Sync + 'static {
    /// Has the tokens of a session refused from now on; it may be told more than once. A fault means that a later try may succeed.
    fn end_session<'a>(&'a self, ended: &'a EndedSession) -> Answer<'a, ()>;
}

/// A session that is over while access tokens of it may still be about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSession {
    /// Whose.
    pub user: Tenant,
    /// Its id.
    pub session: ResourceId,
    /// When the last of its tokens runs out by itself.
    pub tokens_until: Timestamp,
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

/// A call as it is stored until it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Call {
    /// Send a letter.
    Letter(LetterCall),
    /// Have the tokens of a session refused.
    EndSession(EndedSession),
}

/// A letter as it is stored until it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterCall {
    letter: Letter,
    to: Email,
    language: Language,
    user: Tenant,
    code: Option<IssuedCode>,
}

/// Makes the calls.
pub(crate) struct Calls(pub(crate) Ports);

impl Calls {
    async fn send(&self, call: &LetterCall, key: &str) -> Result<Command, Fault> {
        let code = call.code.as_ref();
        let mail = Mail {
            letter: call.letter,
            to: call.to.clone(),
            language: call.language,
            code: code.map(|code| (self.0.secret.code(&call.user, code), code.until)),
        };
        let delivery = self.0.post.send(&mail, key).await?;
        Ok(Command::NoteLetter { letter: call.letter, delivery })
    }
}

impl Effect<Auth> for Calls {
    type Call = Call;

    fn calls(&self, seen: &Seen<'_, Auth>) -> Vec<Call> {
        let letter = letter_of(seen).map(Call::Letter);
        letter.into_iter().chain(ended_session(seen).map(Call::EndSession)).collect()
    }

    fn perform<'a>(&'a self, call: &'a Call, key: &'a str) -> Answer<'a, Command> {
        Box::pin(async move {
            match call {
                Call::Letter(letter) => self.send(letter, key).await,
                Call::EndSession(ended) => {
                    self.0.readers.end_session(ended).await?;
                    Ok(Command::NoteSessionTold { session: ended.session.clone() })
                }
            }
        })
    }
}

fn letter_of(seen: &Seen<'_, Auth>) -> Option<LetterCall> {
    let account = seen.state.account.as_ref()?;
    let code = match seen.event {
        Event::CodeIssued { code } => Some(code.clone()),
        _ => None,
    };
    Some(LetterCall {
        letter: letter_about(seen.event)?,
        to: account.wish.email.clone(),
        language: account.wish.locale.language(),
        user: seen.tenant.clone(),
        code,
    })
}

/// The session that an event ends while its tokens may still be used. Those of an idle one have run out long ago, and one that
/// lived as long as it may was not taken from anybody.
fn ended_session(seen: &Seen<'_, Auth>) -> Option<EndedSession> {
    use EndedBecause::{Expired, Idle};
    let session = match seen.event {
        Event::SessionEnded { because: Idle | Expired, .. } => return None,
        Event::SessionEnded { session, .. } | Event::RefreshReused { session, .. } => session,
        _ => return None,
    };
    let (user, session) = (seen.tenant.clone(), session.clone());
    Some(EndedSession { user, session, tokens_until: seen.at.after(ACCESS_FOR) })
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
