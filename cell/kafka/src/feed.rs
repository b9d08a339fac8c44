//! The feed that all cells share, as the runtime sees it.

use std::sync::Arc;

use base_fault::{Code, Fault};
use base_ids::CellId;
use cell_kernel::Answer;
use cell_runtime::{
    feed::{Feed, Follower, Stretch, Told},
    queue::Receipt,
};

use crate::{client::Context, reader::Reader, topics::Place, writer::Writer};

/// Most stretches that are received at once.
const TOGETHER: usize = 50;

/// One topic of all cells' public messages.
pub(crate) struct TopicFeed {
    pub(crate) topic: Arc<Place>,
    pub(crate) writer: Writer,
    pub(crate) reader: Reader<Stretch>,
    pub(crate) context: Context,
}

impl Feed for TopicFeed {
    fn tell<'a>(&'a self, stretch: &'a Stretch) -> Answer<'a, ()> {
        Box::pin(self.writer.tell(&self.topic, stretch))
    }

    fn receive(&self) -> Answer<'_, Vec<Told>> {
        Box::pin(async {
            let closed = || Fault::ours(Code::Unavailable, "the feed is closed");
            let received = self.reader.receive(TOGETHER).await.ok_or_else(closed)?;
            Ok(received.into_iter().map(|(stretch, receipt)| Told { stretch, receipt }).collect())
        })
    }

    fn acknowledge(&self, receipts: &[Receipt]) {
        self.reader.acknowledge(receipts);
    }

    fn follower(&self, source: &CellId) -> Follower {
        self.context.share().map_or(Follower::Unknown, |share| {
            if share.contains(&self.topic.partition_of(source)) {
                Follower::This
            } else {
                Follower::Another
            }
        })
    }
}
