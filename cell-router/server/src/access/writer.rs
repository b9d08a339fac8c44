//! The access log's own thread: takes lines from the queue and writes them, so that no request ever waits for a disk.

use std::{
    fs::File,
    io::{self, BufWriter, Write, stdout},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::Line;
use crate::count::Counts;

/// How long the budget of lines lasts.
const SECOND: Duration = Duration::from_secs(1);

/// What the thread is told.
pub(super) enum Message {
    Line(Box<Line>),
    /// Open the file anew.
    Reopen(oneshot::Sender<()>),
    /// Write what came before, and end.
    End(oneshot::Sender<()>),
}

/// Where lines go.
pub(super) enum Place {
    Stdout,
    File(PathBuf),
}

/// The thread's own state.
pub(super) struct Writer {
    pub(super) out: Box<dyn Write + Send>,
    pub(super) place: Place,
    pub(super) waiting: Receiver<Message>,
    pub(super) left: Arc<AtomicU32>,
    pub(super) left_max: u32,
    pub(super) counts: Counts,
}

impl Place {
    pub(super) fn open(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(match self {
            Self::Stdout => Box::new(BufWriter::new(stdout())),
            Self::File(path) => {
                Box::new(BufWriter::new(File::options().create(true).append(true).open(path)?))
            }
        })
    }
}

impl Writer {
    /// Writes until it is told to end, or until nobody is left who could tell it anything.
    pub(super) fn run(mut self) {
        let mut turns_at = Instant::now() + SECOND;
        loop {
            let message = self.next(turns_at);
            if Instant::now() >= turns_at {
                self.left.store(self.left_max, Ordering::Relaxed);
                turns_at = Instant::now() + SECOND;
            }
            match message {
                Ok(Message::Line(line)) => self.write(&line),
                Ok(Message::Reopen(reopened)) => {
                    self.reopen();
                    let _ = reopened.send(());
                }
                Ok(Message::End(ended)) => {
                    self.flush();
                    let _ = ended.send(());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.flush(),
            }
        }
    }

    /// The next message; whatever was written before is flushed before the thread waits for it.
    fn next(&mut self, until: Instant) -> Result<Message, RecvTimeoutError> {
        match self.waiting.try_recv() {
            Ok(message) => Ok(message),
            Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) => {
                self.flush();
                let patience = until.saturating_duration_since(Instant::now());
                self.waiting.recv_timeout(patience)
            }
        }
    }

    fn write(&mut self, line: &Line) {
        let mut text = serde_json::to_vec(line).unwrap_or_default();
        text.push(b'\n');
        if self.out.write_all(&text).is_ok() {
            self.counts.access_lines.inc();
        } else {
            self.counts.line_dropped("not_written");
        }
    }

    fn flush(&mut self) {
        if self.out.flush().is_err() {
            self.counts.line_dropped("not_written");
        }
    }

    fn reopen(&mut self) {
        self.flush();
        match self.place.open() {
            Ok(out) => {
                self.out = out;
                tracing::info!("the access log is opened anew");
            }
            // The old file is better than none.
            Err(error) => tracing::error!(%error, "the access log cannot be opened anew"),
        }
    }
}
