//! What is written from a revision on, as it is written.

use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use crate::{
    EtcdError, Kind,
    v3::{Event, WatchRequest, WatchResponse},
};

/// A stream of what is written under a prefix.
#[derive(Debug)]
pub struct Watch {
    answers: Streaming<WatchResponse>,
    /// The stream lasts as long as our side of it.
    _asked: mpsc::Sender<WatchRequest>,
    at: String,
    revision: i64,
}

impl Watch {
    pub(crate) fn new(
        answers: Streaming<WatchResponse>,
        asked: mpsc::Sender<WatchRequest>,
        at: String,
    ) -> Self {
        Self { answers, _asked: asked, at, revision: 0 }
    }

    /// etcd's revision when the watch began.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Waits for the word that it has begun.
    pub(crate) async fn begun(mut self) -> Result<Self, EtcdError> {
        let answer = self.answer().await?;
        self.revision = answer.header.map_or(0, |header| header.revision);
        Ok(self)
    }

    /// Waits for what is written next: whole transactions, in order.
    ///
    /// Errors: the stream ended; what was written where it was to begin is not kept any more.
    pub async fn next(&mut self) -> Result<Vec<Event>, EtcdError> {
        loop {
            let answer = self.answer().await?;
            if !answer.events.is_empty() {
                return Ok(answer.events);
            }
        }
    }

    async fn answer(&mut self) -> Result<WatchResponse, EtcdError> {
        let answer = match self.answers.message().await {
            Ok(Some(answer)) => answer,
            Ok(None) => return Err(self.ended(&Status::unavailable("the stream was closed"))),
            Err(status) => return Err(self.ended(&status)),
        };
        if answer.compact_revision > 0 {
            let why = format!("what was written before {} is not kept", answer.compact_revision);
            return Err(EtcdError { kind: Kind::Compacted, why, ..self.ended(&Status::ok("")) });
        }
        if answer.canceled {
            let why = match answer.cancel_reason.as_str() {
                "" => "it was cancelled",
                reason => reason,
            };
            return Err(self.ended(&Status::unavailable(why)));
        }
        Ok(answer)
    }

    fn ended(&self, status: &Status) -> EtcdError {
        EtcdError::of(status, "a watch", &self.at)
    }
}
