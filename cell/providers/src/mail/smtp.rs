//! Mails handed to an SMTP server.

use std::time::Duration;

use base_fault::{Code, Fault};
use cell_kernel::Answer;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{Error, authentication::Credentials},
};
use svc_auth::effect::{Delivery, Mail, Post};

use super::{Config, SmtpTls, written};

/// How long to wait before a server that failed is asked again.
const AGAIN: Duration = Duration::from_secs(30);
/// Longest reason that is kept of what a server said, in characters.
const REASON_MAX: usize = 200;

/// An SMTP server.
pub struct SmtpPost {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpPost {
    /// The server of the configuration. Connects only when there is mail.
    pub fn new(config: &Config, from: Mailbox) -> Result<Self, Fault> {
        type Smtp = AsyncSmtpTransport<Tokio1Executor>;
        let host = &config.smtp_host;
        let builder = match config.smtp_tls {
            SmtpTls::Implicit => Smtp::relay(host),
            SmtpTls::Starttls => Smtp::starttls_relay(host),
            SmtpTls::Off => Ok(Smtp::builder_dangerous(host)),
        };
        let builder = builder.map_err(|error| {
            Fault::invalid_field("mail.smtp_host", format!("`{host}` cannot be used"))
                .because(error)
        })?;
        let seconds = Duration::from_secs(u64::from(config.smtp_timeout_seconds.max(1)));
        let mut builder = builder.timeout(Some(seconds));
        if config.smtp_port != 0 {
            builder = builder.port(config.smtp_port);
        }
        if !config.smtp_user.is_empty() {
            let password = config.smtp_password.expose().to_owned();
            builder = builder.credentials(Credentials::new(config.smtp_user.clone(), password));
        }
        Ok(Self { server: builder.build(), from })
    }
}

impl Post for SmtpPost {
    fn send<'a>(&'a self, mail: &'a Mail, key: &'a str) -> Answer<'a, Delivery> {
        Box::pin(async move {
            let Some(written) = written(&self.from, mail, key)? else {
                return Ok(Delivery::Returned {
                    reason: "no mail can go to this address".to_owned(),
                });
            };
            match self.server.send(written.message).await {
                Ok(_) => Ok(Delivery::Accepted),
                Err(error) if is_about_the_mailbox(&error) => {
                    let reason = error.to_string().chars().take(REASON_MAX).collect();
                    Ok(Delivery::Returned { reason })
                }
                Err(error) => {
                    let text = "the mail server did not take a mail; it is tried again";
                    Err(Fault::downstream(Code::Unavailable, AGAIN, text).because(error))
                }
            }
        })
    }
}

/// Whether the server will never take a mail for this mailbox (RFC 5321 §4.2.3). Other permanent errors, such as a sign-in that it
/// refuses, are about us: somebody can put them right.
fn is_about_the_mailbox(error: &Error) -> bool {
    error.status().is_some_and(|status| matches!(u16::from(status), 550..=554))
}

#[cfg(test)]
mod tests {
    use base_ids::Language;
    use base_time::Timestamp;
    use svc_auth::effect::{Delivery, Letter, Mail, Post};
    use tokio::{
        io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
        net::TcpListener,
        task::JoinHandle,
    };

    use crate::mail::{Config, SmtpTls, post};

    /// A server for one conversation that answers a recipient with `to_recipient` and gives back what it was told.
    async fn server(to_recipient: &'static str) -> (u16, JoinHandle<String>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let talk = async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (read, mut write) = stream.split();
            let (mut lines, mut told, mut in_text) =
                (BufReader::new(read).lines(), String::new(), false);
            write.write_all(b"220 here\r\n").await.unwrap();
            while let Some(line) = lines.next_line().await.unwrap() {
                told.push_str(&line);
                told.push('\n');
                let verb = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
                let answer = match verb.as_str() {
                    _ if in_text && line == "." => "250 taken",
                    _ if in_text => continue,
                    "RCPT" => to_recipient,
                    "DATA" => "354 go on",
                    "QUIT" => "221 bye",
                    _ => "250 fine",
                };
                in_text = verb == "DATA";
                write.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
                if verb == "QUIT" {
                    break;
                }
            }
            told
        };
        (port, tokio::spawn(talk))
    }

    fn post_at(port: u16) -> std::sync::Arc<dyn Post> {
        let config = Config {
            smtp_host: "127.0.0.1".to_owned(),
            smtp_port: port,
            smtp_tls: SmtpTls::Off,
            ..Config::default()
        };
        post(&config, std::path::PathBuf::new()).unwrap()
    }

    fn mail() -> Mail {
        Mail {
            letter: Letter::RegistrationCode,
            to: "leila@example.ma".parse().unwrap(),
            language: Language::En,
            code: Some(("123456".to_owned().into(), Timestamp::default())),
        }
    }

    #[tokio::test]
    async fn a_mail_reaches_the_server_whole() {
        let (port, told) = server("250 known").await;
        assert_eq!(post_at(port).send(&mail(), "key").await.unwrap(), Delivery::Accepted);
        let told = told.await.unwrap();
        for part in ["RCPT TO:<leila@example.ma>", "From: Souk <no-reply@souk.example>", "123456"] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[tokio::test]
    async fn a_mailbox_that_does_not_exist_sends_the_letter_back() {
        let (port, _) = server("550 no such mailbox").await;
        let delivery = post_at(port).send(&mail(), "key").await.unwrap();
        assert!(matches!(delivery, Delivery::Returned { reason } if reason.contains("550")));
    }

    #[tokio::test]
    async fn a_server_that_cannot_now_is_asked_again_later() {
        let (port, _) = server("451 later").await;
        let fault = post_at(port).send(&mail(), "key").await.unwrap_err();
        assert!(matches!(fault.retry(), base_fault::Retry::After(_)), "{fault:?}");
        assert!(!format!("{fault:?}").contains("123456"));
    }
}
