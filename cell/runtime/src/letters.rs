//! What waits to be heard by one stream: taken together, so that many messages cost one append.

use std::{collections::VecDeque, sync::Arc};

use base_fault::{Code, Fault};
use cell_kernel::Decider;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::{
    cache::Slot,
    call::Unanswered,
    cell::Inner,
    ring::{Carried, Order, carry_out},
    room::RoomOf,
};

/// Most messages that one append hears: a bound on its size, and on how many are decided again when it fails.
const TOGETHER_MAX: usize = 64;

/// How an order ended.
type Ended = Result<Carried, Unanswered>;

/// An order to a stream, and whom its end is told.
pub(crate) struct Letter<D: Decider> {
    order: Order<'static, D>,
    ended: oneshot::Sender<Ended>,
}

/// The letters of one stream, in order. Whoever has the stream's lock takes what waits, his own or not; so the messages that come
/// while an append is on its way share the next one.
pub(crate) struct Letters<D: Decider>(Mutex<VecDeque<Letter<D>>>);

impl<D: Decider> Default for Letters<D> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<D: Decider> Letters<D> {
    /// Queues an order. It is not carried out before somebody awaits [`answered`].
    pub(crate) fn push(&self, order: Order<'static, D>) -> oneshot::Receiver<Ended> {
        let (ended, receiver) = oneshot::channel();
        self.0.lock().push_back(Letter { order, ended });
        receiver
    }

    /// What is carried out next: different messages, since one that has come twice is to find what it has done the first time.
    fn take(&self) -> (Vec<Order<'static, D>>, Vec<oneshot::Sender<Ended>>) {
        let mut waiting = self.0.lock();
        let mut orders: Vec<Order<'static, D>> = Vec::new();
        let mut ends = Vec::new();
        while orders.len() < TOGETHER_MAX
            && let Some(next) = waiting.pop_front()
        {
            if orders.iter().any(|order| order.hears_same(&next.order)) {
                waiting.push_front(next);
                break;
            }
            orders.push(next.order);
            ends.push(next.ended);
        }
        (orders, ends)
    }
}

/// Waits until an order that was queued has ended; carries out whatever waits when the stream is free.
pub(crate) async fn answered<D: Decider>(
    room: &RoomOf<D>,
    cell: &Arc<Inner>,
    slot: &Slot<D>,
    mut ended: oneshot::Receiver<Ended>,
) -> Ended {
    loop {
        tokio::select! {
            biased;
            ended = &mut ended => {
                let broken = || Fault::ours(Code::Internal, "hearing the message was broken off");
                return ended.unwrap_or_else(|_| Err(broken().into()));
            }
            mut live = slot.live.lock() => {
                let (orders, ends) = slot.letters.take();
                if orders.is_empty() {
                    continue;
                }
                let all = carry_out(room, cell, &mut live, &orders).await;
                for (end, how) in ends.into_iter().zip(all) {
                    // Who no longer waits does not want to know.
                    let _ = end.send(how);
                }
            }
        }
    }
}
