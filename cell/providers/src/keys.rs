//! The cell's own keys for access tokens: Ed25519, kept in one private file, replaced by beat, the old accepted until their tokens end.

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base_fault::{Code, Fault};
use base_time::{Clock, Timestamp};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use parking_lot::RwLock;
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde::{Deserialize, Serialize};

/// How often keys are replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Days that a key signs.
    pub days: u32,
    /// Minutes that a fresh key is made known before it signs, so that nobody meets a token whose key it has not heard of.
    pub announce_minutes: u32,
    /// Minutes that a key is accepted after it has signed for the last time: longer than any token lives.
    pub accept_minutes: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { days: 30, announce_minutes: 60, accept_minutes: 60 }
    }
}

/// The public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// Its id.
    pub kid: String,
    /// 32 bytes.
    pub public_key: Vec<u8>,
    /// After this point tokens signed with it prove nothing.
    pub accepted_until: Timestamp,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    kid: String,
    /// PKCS#8, base64.
    pkcs8: String,
    /// Signs from here on.
    signs_from: Timestamp,
}

struct Key {
    stored: Stored,
    pair: Ed25519KeyPair,
}

/// A cell's signing keys.
pub struct SigningKeys {
    file: PathBuf,
    cell: String,
    config: Config,
    clock: Arc<dyn Clock>,
    keys: RwLock<Vec<Key>>,
}

impl SigningKeys {
    /// Opens the keys of `cell` in `file`, or makes the first one.
    pub fn open(
        file: PathBuf,
        cell: &str,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Fault> {
        let stored: Vec<Stored> = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                let text = format!("{} does not hold signing keys; put the right file back, or delete it to make new keys (everybody signs in again)", file.display());
                Fault::ours(Code::StoreBroken, text).because(error)
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(unusable(&file, error)),
        };
        let keys = stored.into_iter().map(Key::read).collect::<Result<Vec<_>, _>>()?;
        let keys = Self { file, cell: cell.to_owned(), config, clock, keys: RwLock::new(keys) };
        keys.renew()?;
        Ok(keys)
    }

    /// Makes the next key when it is time, and forgets those that nobody accepts any more. To be called now and then.
    pub fn renew(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut keys = self.keys.write();
        let (held, newest) = (keys.len(), keys.last().map(|key| key.stored.signs_from));
        let accepted: Vec<bool> =
            (0..held).map(|at| self.accepted_until(&keys, at) > now).collect();
        let mut accepted = accepted.into_iter();
        keys.retain(|_| accepted.next().unwrap_or(true));
        let announce = minutes(self.config.announce_minutes);
        let next = match newest {
            None => Some(now),
            Some(newest) => {
                Some(newest.after(self.life())).filter(|end| now.after(announce) >= *end)
            }
        };
        if let Some(signs_from) = next {
            let kid = format!("{}-{}", self.cell, signs_from.as_secs());
            keys.push(Key::make(kid, signs_from)?);
        } else if keys.len() == held {
            return Ok(());
        }
        let stored: Vec<&Stored> = keys.iter().map(|key| &key.stored).collect();
        let written = serde_json::to_vec_pretty(&stored).map_err(io::Error::from);
        written
            .and_then(|bytes| write_private(&self.file, &bytes))
            .map_err(|error| unusable(&self.file, error))
    }

    /// Signs, and says with which key.
    pub fn sign(&self, message: &[u8]) -> (String, Vec<u8>) {
        let (now, keys) = (self.clock.now(), self.keys.read());
        let signing = keys.iter().rev().find(|key| key.stored.signs_from <= now).or(keys.first());
        let key = signing
            .expect("there is always a key: opening makes the first, renewing keeps the newest");
        (key.stored.kid.clone(), key.pair.sign(message).as_ref().to_vec())
    }

    /// The id of the key that signs now.
    pub fn kid(&self) -> String {
        self.sign(b"").0
    }

    /// The public halves, the newest first.
    pub fn public(&self) -> Vec<PublicKey> {
        let keys = self.keys.read();
        let public = |(at, key): (usize, &Key)| PublicKey {
            kid: key.stored.kid.clone(),
            public_key: key.pair.public_key().as_ref().to_vec(),
            accepted_until: self.accepted_until(&keys, at),
        };
        keys.iter().enumerate().rev().map(public).collect()
    }

    fn life(&self) -> Duration {
        Duration::from_hours(24) * self.config.days.max(1)
    }

    /// A key is accepted until its successor has signed long enough; the newest one until it would have had one.
    fn accepted_until(&self, keys: &[Key], at: usize) -> Timestamp {
        let end = match keys.get(at + 1) {
            Some(next) => next.stored.signs_from,
            None => keys[at].stored.signs_from.after(self.life() * 2),
        };
        end.after(minutes(self.config.accept_minutes))
    }
}

impl Key {
    fn make(kid: String, signs_from: Timestamp) -> Result<Self, Fault> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| {
            Fault::ours(Code::Internal, "the system gives no random numbers to make a key of")
        })?;
        Self::read(Stored { kid, pkcs8: STANDARD.encode(pkcs8.as_ref()), signs_from })
    }

    fn read(stored: Stored) -> Result<Self, Fault> {
        let broken =
            || Fault::ours(Code::StoreBroken, format!("signing key {} cannot be read", stored.kid));
        let pkcs8 = STANDARD.decode(&stored.pkcs8).map_err(|_| broken())?;
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_| broken())?;
        Ok(Self { stored, pair })
    }
}

fn minutes(minutes: u32) -> Duration {
    Duration::from_mins(1) * minutes
}

/// Writes a file that only its owner may read, whole or not at all.
fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write as _;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = file.with_extension("new");
    let mut options = fs::OpenOptions::new();
    let mut open = options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    open.write_all(bytes)?;
    open.sync_all()?;
    fs::rename(&fresh, file)
}

fn unusable(file: &Path, error: io::Error) -> Fault {
    Fault::ours(Code::StoreBroken, format!("the signing keys in {} cannot be used", file.display()))
        .because(error)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use base_time::{Clock, Timestamp};
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::{Config, SigningKeys};

    #[derive(Default)]
    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    const DAY: i64 = 24 * 3_600_000;

    #[test]
    fn keys_outlive_the_process_and_hand_over_without_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let hands = std::sync::Arc::new(Hands::default());
        let open = || {
            let file = folder.path().join("keys.json");
            SigningKeys::open(file, "cell-1", Config::default(), hands.clone()).unwrap()
        };
        let first = open().kid();
        assert_eq!(open().kid(), first, "the same after a restart");
        hands.0.store(30 * DAY - 30 * 60_000, Ordering::Relaxed);
        let keys = open();
        assert_eq!(keys.public().len(), 2, "the next key is announced before it signs");
        assert_eq!(keys.kid(), first);
        hands.0.store(30 * DAY, Ordering::Relaxed);
        let (kid, signature) = keys.sign(b"claims");
        assert_ne!(kid, first);
        let public = keys.public().into_iter().find(|key| key.kid == kid).unwrap();
        assert!(
            UnparsedPublicKey::new(&ED25519, public.public_key)
                .verify(b"claims", &signature)
                .is_ok()
        );
        assert!(keys.public().iter().any(|key| key.kid == first), "old tokens still hold");
        hands.0.store(31 * DAY, Ordering::Relaxed);
        keys.renew().unwrap();
        assert!(!keys.public().iter().any(|key| key.kid == first), "and then no longer");
    }

    #[test]
    fn a_damaged_file_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.json");
        std::fs::write(&file, "[{").unwrap();
        let hands = std::sync::Arc::new(Hands::default());
        let refused = SigningKeys::open(file, "cell-1", Config::default(), hands).err().unwrap();
        assert!(refused.to_string().contains("put the right file back"), "{refused}");
    }
}
