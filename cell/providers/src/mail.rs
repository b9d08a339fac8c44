//! The post: letters as mails, handed to an SMTP server, or put into a folder where there is none.

mod folder;
mod letter;
mod smtp;

use std::{path::PathBuf, sync::Arc};

use base_config::Secret;
use base_fault::{Code, Fault};
use base_ids::derived_id;
use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
};
use serde::{Deserialize, Serialize};
use svc_auth::effect::{Mail, Post};

pub use folder::MailFolder;
pub use smtp::SmtpPost;

/// How mail leaves the cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whom mails come from.
    pub from: String,
    /// The SMTP server; empty: mails are put into `folder` instead of being sent.
    pub smtp_host: String,
    /// The server's port; 0 means the usual one of `smtp_tls`.
    pub smtp_port: u16,
    /// How the connection is protected.
    pub smtp_tls: SmtpTls,
    /// User name at the server; empty: no sign-in.
    pub smtp_user: String,
    /// Password at the server.
    pub smtp_password: Secret,
    /// Seconds that a server may take to answer.
    pub smtp_timeout_seconds: u16,
    /// Where mails are put that are not sent: one `.eml` file each, and the newest of each address as `latest/<address>.txt`.
    /// Empty: `mail` in the cell's data directory.
    pub folder: PathBuf,
}

/// How the connection to an SMTP server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// TLS from the first byte; usually port 465.
    Implicit,
    /// TLS after STARTTLS, and nothing without it; usually port 587.
    Starttls,
    /// None: for a server on the same machine; usually port 25.
    Off,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            from: "Souk <no-reply@souk.example>".to_owned(),
            smtp_host: String::new(),
            smtp_port: 0,
            smtp_tls: SmtpTls::Starttls,
            smtp_user: String::new(),
            smtp_password: Secret::default(),
            smtp_timeout_seconds: 20,
            folder: PathBuf::new(),
        }
    }
}

/// The post as it is configured; `folder` is where mails are put if the configuration names neither server nor folder.
pub fn post(config: &Config, folder: PathBuf) -> Result<Arc<dyn Post>, Fault> {
    let from: Mailbox = config.from.parse().map_err(|error| {
        let problem = "expected a name and an address, such as Souk <no-reply@souk.example>";
        Fault::invalid_field("mail.from", problem).because(error)
    })?;
    if config.smtp_host.is_empty() {
        let named = !config.folder.as_os_str().is_empty();
        let folder = if named { config.folder.clone() } else { folder };
        Ok(Arc::new(MailFolder::open(folder, from)?))
    } else {
        Ok(Arc::new(SmtpPost::new(config, from)?))
    }
}

/// Says to other machines that a machine wrote this, so that they do not answer (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// A mail, ready to go: its subject and text, and the whole as the internet takes it.
struct Written {
    subject: String,
    text: String,
    message: Message,
}

/// Writes a mail. Tries of the same letter have the same `key` and so the same Message-ID, by which mailboxes know doubles.
/// `None` if the address is none that mail can go to.
fn written(from: &Mailbox, mail: &Mail, key: &str) -> Result<Option<Written>, Fault> {
    let Ok(address) = mail.to.as_str().parse::<Address>() else { return Ok(None) };
    let code = mail.code.as_ref().map(|(code, until)| (code.expose(), *until));
    let (subject, text) = letter::write(mail.letter, mail.language, code).ok_or_else(|| {
        Fault::ours(Code::Internal, "a letter that carries a code was to be sent without one")
    })?;
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, address))
        .subject(&subject)
        .message_id(Some(format!("<{}@{}>", id_of(key), from.email.domain())))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN)
        .body(text.clone())
        .map_err(|error| Fault::ours(Code::Internal, "a mail cannot be written").because(error))?;
    Ok(Some(Written { subject, text, message }))
}

/// A letter's key in characters that file names and Message-IDs can carry.
fn id_of(key: &str) -> String {
    derived_id(b"souk mail", key)
}
