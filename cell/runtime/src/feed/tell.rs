//! Tells the cell's public messages in the feed that all cells share.

use std::{sync::Arc, time::Duration};

use base_fault::Fault;
use base_ids::CellId;

use super::{Feed, Stretch};
use crate::{cell::Inner, mesh::PublicBatch, patience::Outage, port::Message};

/// Messages that are read at once.
const READ: usize = 100;
/// Bytes of messages that are told in one stretch. One that is larger by itself is left out; whoever follows notices the gap.
const STRETCH_BYTES: usize = 512 << 10;
/// How often a cell that has nothing to tell says where its log stands.
pub(super) const BEAT: Duration = Duration::from_secs(10);
/// Where it is kept how far this cell's messages are told: under the name of no cell.
const TOLD: &str = "-told-";

impl Inner {
    /// Tells what this cell tells everyone, for as long as the cell runs. Of several processes one does; who finds that another has told
    /// stands by until that one stands still.
    pub(crate) async fn tell_feed(self: Arc<Self>, feed: Arc<dyn Feed>) {
        let told: CellId = TOLD.parse().expect("it has the form of a name");
        let mut head = self.stores.public.head();
        let mut outage = Outage::default();
        loop {
            let seen = *head.borrow_and_update();
            match self.tell_all(&*feed, &told, seen).await {
                Ok(true) => outage.ends(),
                Ok(false) => {
                    self.stand_by(&told).await;
                    continue;
                }
                Err(fault) => {
                    if outage.begins() {
                        let fault = base_fault::chain(&fault);
                        tracing::warn!(
                            fault,
                            "public messages cannot be told in the feed; they wait in the log"
                        );
                    }
                    outage.wait(&self.config).await;
                    continue;
                }
            }
            if let Ok(Err(_)) = tokio::time::timeout(BEAT, head.changed()).await {
                return;
            }
        }
    }

    /// Tells all that is not told yet, or where the log stands; false if another process has told something meanwhile.
    async fn tell_all(&self, feed: &dyn Feed, told: &CellId, head: u64) -> Result<bool, Fault> {
        let mut after = self.stores.public.cursor(told).await?;
        loop {
            let read = self.stores.public.after(after, READ).await?;
            let all = read.len() < READ;
            for messages in parts(read) {
                let to = messages.last().map_or(after, |(position, _)| *position);
                let batch = PublicBatch { messages, head };
                let stretch = if bytes_of(&batch.messages) > STRETCH_BYTES {
                    let batch = PublicBatch { messages: Vec::new(), head };
                    Stretch { source: self.id.clone(), after: to, batch }
                } else {
                    Stretch { source: self.id.clone(), after, batch }
                };
                feed.tell(&stretch).await?;
                if to > after && !self.stores.public.apply(told, after, to, Vec::new()).await? {
                    return Ok(false);
                }
                after = to;
            }
            if all {
                return Ok(true);
            }
        }
    }
}

fn bytes_of(messages: &[(u64, Message)]) -> usize {
    messages.iter().map(|(_, message)| message.body.len()).sum()
}

/// Messages in parts of no more than [`STRETCH_BYTES`], or of one message; of none, one empty part.
fn parts(messages: Vec<(u64, Message)>) -> Vec<Vec<(u64, Message)>> {
    let mut parts = vec![Vec::new()];
    let mut bytes = 0;
    for (position, message) in messages {
        bytes += message.body.len();
        if bytes > STRETCH_BYTES && parts.last().is_some_and(|part| !part.is_empty()) {
            parts.push(Vec::new());
            bytes = message.body.len();
        }
        parts.last_mut().expect("there is one").push((position, message));
    }
    parts
}

#[cfg(test)]
mod tests {
    use base_ids::{MessageId, Version};
    use base_time::Timestamp;

    use super::{STRETCH_BYTES, parts};
    use crate::port::Message;

    fn of(sizes: &[usize]) -> Vec<(u64, Message)> {
        let from: base_ids::StreamName = "users/a/purses/purse".parse().unwrap();
        let message = |size| Message {
            id: MessageId::derived(&from, Version(1), 0),
            from: from.clone(),
            version: Version(1),
            kind: "toy.v1.Coins".to_owned(),
            body: vec![0; size],
            at: Timestamp::default(),
            trace: None,
        };
        (1..).zip(sizes.iter().map(|size| message(*size))).collect()
    }

    #[test]
    fn a_part_is_small_or_one_message_and_nothing_is_one_empty_part() {
        let cut = |sizes: &[usize]| parts(of(sizes)).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(cut(&[]), [0]);
        assert_eq!(cut(&[1, 2, 3]), [3]);
        assert_eq!(cut(&[STRETCH_BYTES, 1]), [1, 1]);
        assert_eq!(cut(&[1, STRETCH_BYTES + 1, 1]), [1, 1, 1]);
    }
}
