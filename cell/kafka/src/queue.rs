//! The queue between a cell's processes, as the runtime sees it.

use base_fault::{Code, Fault};
use cell_kernel::Answer;
use cell_runtime::{
    mesh::Addressed,
    port::DeadLetter,
    queue::{Queue, Receipt, Received},
};
use prometheus_client::metrics::counter::Counter;

use crate::{reader::Reader, writer::Writer};

/// Most messages that are received at once.
const TOGETHER: usize = 500;

/// One topic of messages, one of dead letters.
pub(crate) struct TopicQueue {
    pub(crate) messages: String,
    pub(crate) dead_letters: String,
    pub(crate) writer: Writer,
    pub(crate) reader: Reader<Addressed>,
    pub(crate) acknowledged: Counter,
}

impl Queue for TopicQueue {
    fn send(&self, messages: &[Addressed]) -> Answer<'static, ()> {
        self.writer.send(&self.messages, messages)
    }

    fn receive(&self) -> Answer<'_, Vec<Received>> {
        Box::pin(async {
            let closed = || Fault::ours(Code::Unavailable, "the queue is closed");
            let received = self.reader.receive(TOGETHER).await.ok_or_else(closed)?;
            let received = received.into_iter();
            Ok(received.map(|(addressed, receipt)| Received { addressed, receipt }).collect())
        })
    }

    fn acknowledge(&self, receipts: &[Receipt]) {
        self.acknowledged.inc_by(u64::try_from(receipts.len()).unwrap_or(0));
        self.reader.acknowledge(receipts);
    }

    fn show_dead<'a>(&'a self, letter: &'a DeadLetter) -> Answer<'a, ()> {
        Box::pin(self.writer.show_dead(&self.dead_letters, letter))
    }
}
