//! The durable log: one checked line per change, synced before anybody is told.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context as _, bail};
use tokio::sync::watch;

use crate::digest::sha256_hex;
use crate::ledger::{Ledger, Row};

/// Hexadecimal digits of SHA-256 in front of each line.
const SUM_LEN: usize = 16;

/// The log's tail: takes lines, and tells how far they are safe.
#[derive(Debug)]
pub(crate) struct Log {
    /// Nothing when the stand-in only lives in memory.
    lines: Option<mpsc::Sender<Line>>,
    synced: watch::Receiver<Reached>,
    writer: Option<std::thread::JoinHandle<()>>,
    appended: u64,
    /// The last line that somebody must be able to wait for.
    urgent: u64,
}

#[derive(Debug)]
struct Line {
    text: String,
    position: u64,
    urgent: bool,
}

/// How far the log is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    Position(u64),
    /// Writing failed; nothing more will be safe.
    Broken,
}

/// Waits until a position is safe on disk.
#[derive(Debug, Clone)]
pub(crate) struct Safe {
    synced: watch::Receiver<Reached>,
    position: u64,
}

impl Safe {
    /// True once all changes up to the position are synced; false if the log is broken.
    pub(crate) async fn reached(mut self) -> bool {
        let position = self.position;
        let is_decided = |reached: &Reached| match reached {
            Reached::Position(at) => *at >= position,
            Reached::Broken => true,
        };
        match self.synced.wait_for(is_decided).await {
            Ok(reached) => *reached != Reached::Broken,
            Err(_) => false,
        }
    }
}

impl Log {
    /// Opens the log and rebuilds what it holds: replays, then rewrites it as a snapshot.
    /// A torn last line is dropped; damage before the end is an error. `forget_before` as in
    /// [`Ledger::rows`].
    pub(crate) fn open(path: Option<&Path>, forget_before: i64) -> anyhow::Result<(Self, Ledger)> {
        let Some(path) = path else {
            let (_, synced) = watch::channel(Reached::Position(u64::MAX));
            return Ok((
                Self { lines: None, synced, writer: None, appended: 0, urgent: 0 },
                Ledger::default(),
            ));
        };
        let lock = lock(path)?;
        let ledger = replay(path)?;
        rewrite(path, &ledger.rows(forget_before))
            .with_context(|| format!("cannot write the state file {}", path.display()))?;
        let file = OpenOptions::new().append(true).open(path)?;
        let (lines, queue) = mpsc::channel();
        let (reached, synced) = watch::channel(Reached::Position(0));
        let writer = std::thread::Builder::new().name("stripe-log".into()).spawn(move || {
            // The lock lives as long as somebody may write.
            let _lock = lock;
            write_lines(file, &queue, &reached);
        })?;
        Ok((
            Self { lines: Some(lines), synced, writer: Some(writer), appended: 0, urgent: 0 },
            ledger,
        ))
    }

    /// Queues a change. Urgent lines are synced at once; the others with the next urgent one.
    pub(crate) fn append(&mut self, rows: &[Row], urgent: bool) {
        let Some(lines) = &self.lines else { return };
        self.appended += 1;
        if urgent {
            self.urgent = self.appended;
        }
        let line = Line { text: to_line(rows), position: self.appended, urgent };
        // A closed channel means a broken log, which waiting for safety will tell.
        let _ = lines.send(line);
    }

    /// What to wait for before telling anybody what has been read or changed so far.
    pub(crate) fn safe(&self) -> Safe {
        Safe { synced: self.synced.clone(), position: self.urgent }
    }

    /// Writes what is queued and closes the file.
    pub(crate) fn close(&mut self) {
        self.lines = None;
        if let Some(writer) = self.writer.take() {
            // A panic of the writer has been told as a broken log.
            let _ = writer.join();
        }
    }
}

fn write_lines(mut file: File, queue: &mpsc::Receiver<Line>, reached: &watch::Sender<Reached>) {
    while let Ok(first) = queue.recv() {
        let mut batch = first.text;
        let mut position = first.position;
        let mut urgent = first.urgent;
        for line in queue.try_iter() {
            batch.push_str(&line.text);
            position = line.position;
            urgent |= line.urgent;
        }
        let written = file.write_all(batch.as_bytes());
        let synced = written.and_then(|()| if urgent { file.sync_data() } else { Ok(()) });
        if let Err(error) = synced {
            tracing::error!(%error, "the state file cannot be written; refusing all further calls");
            reached.send_replace(Reached::Broken);
            return;
        }
        if urgent {
            reached.send_replace(Reached::Position(position));
        }
    }
    // Closing: lines that nobody waited for are made safe too.
    if let Err(error) = file.sync_data() {
        tracing::error!(%error, "the state file cannot be synced at the end");
    }
}

fn to_line(rows: &[Row]) -> String {
    let json = serde_json::to_string(rows).expect("rows are plain data with text keys");
    let sum = &sha256_hex(json.as_bytes())[..SUM_LEN];
    format!("{sum} {json}\n")
}

fn from_line(line: &[u8]) -> Option<Vec<Row>> {
    let line = std::str::from_utf8(line).ok()?;
    let (sum, json) = line.split_once(' ')?;
    if sha256_hex(json.as_bytes()).get(..SUM_LEN)? != sum {
        return None;
    }
    serde_json::from_str(json).ok()
}

fn replay(path: &Path) -> anyhow::Result<Ledger> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(mut file) => {
            file.read_to_end(&mut bytes)
                .with_context(|| format!("cannot read the state file {}", path.display()))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error)
                .with_context(|| format!("cannot open the state file {}", path.display()));
        }
    }
    let mut ledger = Ledger::default();
    let mut damaged = None;
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let whole = line.strip_suffix(b"\n");
        match (whole.and_then(from_line), damaged) {
            (Some(rows), None) => ledger.apply_all(rows),
            // Something readable after the damage: this is no torn tail.
            (Some(_), Some(at)) => bail!(
                "the state file {} is damaged at line {at}; restore it or remove it to start anew",
                path.display()
            ),
            (None, None) => damaged = Some(index + 1),
            (None, Some(_)) => {}
        }
    }
    if let Some(line) = damaged {
        tracing::warn!(line, "dropped a torn tail of the state file");
    }
    Ok(ledger)
}

/// Replaces the log by a snapshot in one step.
fn rewrite(path: &Path, rows: &[Row]) -> anyhow::Result<()> {
    let beside = with_suffix(path, ".new");
    let mut file = File::create(&beside)?;
    let mut text = String::new();
    for row in rows {
        text.push_str(&to_line(std::slice::from_ref(row)));
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let beside = with_suffix(path, ".lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&beside)
        .with_context(|| format!("cannot open {}", beside.display()))?;
    file.try_lock().with_context(|| {
        format!("the state file {} is in use by another stand-in", path.display())
    })?;
    Ok(file)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Method;

    fn method(id: &str) -> Row {
        Row::Method(Method { id: id.into(), token: "pm_card_visa".into(), created: 1 })
    }

    fn written(folder: &Path) -> PathBuf {
        let path = folder.join("state.jsonl");
        let (mut log, ledger) = Log::open(Some(&path), 0).unwrap();
        assert_eq!(ledger.methods.len(), 0);
        for id in ["pm_1", "pm_2", "pm_3"] {
            log.append(&[method(id)], true);
        }
        log.close();
        path
    }

    fn count(path: &Path) -> anyhow::Result<usize> {
        replay(path).map(|ledger| ledger.methods.len())
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let (mut log, ledger) = Log::open(Some(&path), 0).unwrap();
        assert_eq!(ledger.methods.len(), 3);
        log.append(&[Row::Wipe, method("pm_4")], true);
        log.close();
        assert_eq!(count(&path).unwrap(), 1);
    }

    #[test]
    fn a_torn_tail_is_dropped_at_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let bytes = std::fs::read(&path).unwrap();
        let whole: Vec<_> =
            (0..bytes.len()).filter(|at| bytes[*at] == b'\n').map(|at| at + 1).collect();
        for cut in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let expected = whole.iter().filter(|end| **end <= cut).count();
            assert_eq!(count(&path).unwrap(), expected, "cut at {cut}");
        }
    }

    #[test]
    fn damage_before_the_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[SUM_LEN + 5] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let error = count(&path).unwrap_err().to_string();
        assert!(error.contains("damaged at line 1"), "{error}");
    }

    #[test]
    fn one_state_file_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.jsonl");
        let (mut first, _) = Log::open(Some(&path), 0).unwrap();
        let error = Log::open(Some(&path), 0).unwrap_err().to_string();
        assert!(error.contains("in use"), "{error}");
        first.close();
        assert!(Log::open(Some(&path), 0).is_ok());
    }

    #[tokio::test]
    async fn safety_is_told_only_after_the_sync() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = Log::open(Some(&folder.path().join("s")), 0).unwrap();
        log.append(&[method("pm_1")], true);
        assert!(log.safe().reached().await);
    }
}
