//! Reads the mail that a fleet writes to a directory: the codes that people get.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use base_testkit::eventually;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use parking_lot::Mutex;

/// How long a mail may be on its way.
const PATIENCE: Duration = Duration::from_mins(1);

/// The directory and what was read of it so far. Cloning shares both.
#[derive(Clone, Debug)]
pub struct Mailbox {
    directory: PathBuf,
    read: Arc<Mutex<Read>>,
}

#[derive(Debug, Default)]
struct Read {
    files: BTreeSet<PathBuf>,
    /// Address → codes, the newest last.
    codes: BTreeMap<String, Vec<String>>,
}

impl Mailbox {
    /// The mail in a directory.
    pub fn at(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), read: Arc::default() }
    }

    /// The newest code that was sent to an address; waits for it, and takes it out.
    ///
    /// Errors: no mail within a minute.
    pub async fn code(&self, email: &str) -> anyhow::Result<String> {
        let found = eventually(PATIENCE, async || {
            self.look();
            let codes = &mut self.read.lock().codes;
            codes.get_mut(email).and_then(Vec::pop).ok_or("no mail with a code")
        });
        found.await.with_context(|| format!("mail to {email} in {}", self.directory.display()))
    }

    fn look(&self) {
        let mut read = self.read.lock();
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        let mut fresh: Vec<_> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                path.extension().is_some_and(|kind| kind == "eml") && !read.files.contains(path)
            })
            .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
            .collect();
        fresh.sort();
        for (_, path) in fresh {
            let Ok(text) = fs::read_to_string(&path) else { continue };
            if let Some((to, code)) = code_in(&text) {
                read.codes.entry(to).or_default().push(code);
                read.files.insert(path);
            }
        }
    }
}

/// The addressee and the six digits of a mail that is whole.
fn code_in(mail: &str) -> Option<(String, String)> {
    let mail = mail.replace("\r\n", "\n");
    let (head, body) = mail.split_once("\n\n")?;
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let to = field("To")?;
    let to = to.rsplit('<').next()?.trim_end_matches('>').to_owned();
    let encoding = field("Content-Transfer-Encoding").unwrap_or_default();
    let text = match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            let joined: String = body.split_whitespace().collect();
            String::from_utf8_lossy(&BASE64_STANDARD.decode(joined).ok()?).into_owned()
        }
        // Digits stand for themselves in quoted-printable; a soft break may only part them.
        "quoted-printable" => body.replace("=\n", ""),
        _ => body.to_owned(),
    };
    Some((to, six_digits(&text)?))
}

fn six_digits(text: &str) -> Option<String> {
    let mut runs = text.split(|char: char| !char.is_ascii_digit());
    runs.find(|run| run.len() == 6).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::code_in;

    #[test]
    fn a_code_is_found_however_the_mail_is_written() {
        let found = Some(("leila@post.example".to_owned(), "012345".to_owned()));
        let plain = "From: Souk <no-reply@souk.example>\nTo: leila@post.example\nSubject: 1\n\nYour code: 012345. Ends in 10 minutes.\n";
        assert_eq!(code_in(plain), found);
        let encoded = "To: Leila <leila@post.example>\r\nContent-Transfer-Encoding: base64\r\n\r\n2LHZhdiy2YM6IDAxMjM0NQo=\r\n";
        assert_eq!(code_in(encoded), found);
        let quoted = "To: leila@post.example\nContent-Transfer-Encoding: quoted-printable\n\nVoil=C3=A0 012=\n345\n";
        assert_eq!(code_in(quoted), found);
        assert_eq!(code_in("To: leila@post.example\n"), None, "not whole yet");
    }
}
