//! Mails that are not sent but put into a folder: for development and tests, where a code must be read from somewhere.

use std::{
    io,
    path::{Path, PathBuf},
};

use base_fault::{Code, Fault};
use cell_kernel::Answer;
use lettre::message::Mailbox;
use svc_auth::effect::{Delivery, Mail, Post};

use super::{Written, id_of, written};

/// The newest mail of each address, as plain text.
const LATEST: &str = "latest";

/// A folder of mails.
pub struct MailFolder {
    folder: PathBuf,
    from: Mailbox,
}

impl MailFolder {
    /// Opens the folder, or makes it.
    pub fn open(folder: PathBuf, from: Mailbox) -> Result<Self, Fault> {
        std::fs::create_dir_all(folder.join(LATEST)).map_err(|error| unusable(&folder, error))?;
        Ok(Self { folder, from })
    }

    /// Where the newest mail of an address is.
    pub fn latest(folder: &Path, address: &str) -> PathBuf {
        // An address may hold a slash.
        folder.join(LATEST).join(format!("{}.txt", address.replace('/', "_")))
    }

    async fn put(&self, mail: &Mail, key: &str, written: &Written) -> io::Result<()> {
        let eml = self.folder.join(format!("{}.eml", id_of(key)));
        put(&eml, &written.message.formatted()).await?;
        let Written { subject, text, .. } = written;
        let plain = format!("To: {}\nSubject: {subject}\n\n{text}", mail.to);
        put(&Self::latest(&self.folder, mail.to.as_str()), plain.as_bytes()).await
    }
}

/// Writes a file whole or not at all.
async fn put(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = file.with_extension("new");
    tokio::fs::write(&fresh, bytes).await?;
    tokio::fs::rename(&fresh, file).await
}

impl Post for MailFolder {
    fn send<'a>(&'a self, mail: &'a Mail, key: &'a str) -> Answer<'a, Delivery> {
        Box::pin(async move {
            let Some(written) = written(&self.from, mail, key)? else {
                return Ok(Delivery::Returned {
                    reason: "no mail can go to this address".to_owned(),
                });
            };
            let put = self.put(mail, key, &written).await;
            put.map_err(|error| unusable(&self.folder, error))?;
            Ok(Delivery::Accepted)
        })
    }
}

fn unusable(folder: &Path, error: io::Error) -> Fault {
    let text = format!("the mail folder {} cannot be written to", folder.display());
    Fault::downstream(Code::Unavailable, std::time::Duration::from_secs(5), text).because(error)
}

#[cfg(test)]
mod tests {
    use base_ids::Language;
    use base_time::Timestamp;
    use svc_auth::effect::{Delivery, Letter, Mail, Post as _};

    use super::MailFolder;

    fn mail(code: &str) -> Mail {
        let until = Timestamp::from_millis(1_795_262_400_000);
        Mail {
            letter: Letter::SignInCode,
            to: "leila@example.ma".parse().unwrap(),
            language: Language::Ar,
            code: Some((code.to_owned().into(), until)),
        }
    }

    #[tokio::test]
    async fn the_newest_mail_of_an_address_can_be_read_and_each_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let from = "Souk <no-reply@souk.example>".parse().unwrap();
        let post = MailFolder::open(folder.path().join("mail"), from).unwrap();
        for (code, key) in [("111111", "a"), ("222222", "b"), ("222222", "b")] {
            assert_eq!(post.send(&mail(code), key).await.unwrap(), Delivery::Accepted);
        }
        let folder = folder.path().join("mail");
        let latest = MailFolder::latest(&folder, "leila@example.ma");
        let latest = std::fs::read_to_string(latest).unwrap();
        assert!(latest.contains("222222") && !latest.contains("111111"), "{latest}");
        let mails: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "eml"))
            .collect();
        assert_eq!(mails.len(), 2);
        let eml = std::fs::read_to_string(mails[0].as_ref().unwrap().path()).unwrap();
        assert!(eml.is_ascii(), "an Arabic mail travels as ASCII");
        assert!(eml.contains("=?utf-8?b?"), "{eml}");
        assert!(eml.contains("Auto-Submitted: auto-generated"), "{eml}");
        assert!(eml.contains("Message-ID: <"), "{eml}");
    }
}
