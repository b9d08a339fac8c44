//! The other cells in the same process: the twin of the network for tests and the simulation, with injected bad days.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use base_fault::{Code, Fault};
use base_ids::CellId;
use cell_kernel::Answer;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::{
    Answered, Call, Cell, Unanswered,
    mesh::{Addressed, Delivery, Mesh, PublicBatch},
};

/// Public messages in one batch.
const BATCH: usize = 50;

/// What happens to a message between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It is delivered.
    Once,
    /// It is delivered this much later; its successors wait behind it.
    Slow(Duration),
    /// It is delivered twice.
    Twice,
    /// It is delivered this much later; others overtake it.
    After(Duration),
    /// It is delivered, but its sender does not get to know.
    AnswerLost,
}

/// Decides about a message: to which cell, what, and the how manieth that crosses a wire.
pub type OnPassage = Arc<dyn Fn(&CellId, &Addressed, u64) -> Passage + Send + Sync>;

/// The wires between the cells of one process. Clones share them.
#[derive(Clone, Default)]
pub struct Wires(Arc<Shared>);

#[derive(Default)]
struct Shared {
    cells: Mutex<HashMap<CellId, Cell>>,
    cut: Mutex<HashSet<CellId>>,
    on_passage: Mutex<Option<OnPassage>>,
    passed: Mutex<u64>,
}

impl Wires {
    /// Connects a cell, or the next life of one.
    pub fn connect(&self, id: CellId, cell: Cell) {
        self.0.cells.lock().insert(id, cell);
    }

    /// Takes a cell off: it is dead.
    pub fn disconnect(&self, id: &CellId) -> Option<Cell> {
        self.0.cells.lock().remove(id)
    }

    /// The cell, if it lives.
    pub fn cell(&self, id: &CellId) -> Option<Cell> {
        self.0.cells.lock().get(id).cloned()
    }

    /// Cuts the wires to a cell, or mends them.
    pub fn cut(&self, id: &CellId, cut: bool) {
        if cut {
            self.0.cut.lock().insert(id.clone());
        } else {
            self.0.cut.lock().remove(id);
        }
    }

    /// Decides about every message from now on; `None` lets all pass.
    pub fn on_passage(&self, on_passage: Option<OnPassage>) {
        *self.0.on_passage.lock() = on_passage;
    }

    /// How many messages have crossed a wire.
    pub fn passed(&self) -> u64 {
        *self.0.passed.lock()
    }

    fn reach(&self, cell: &CellId) -> Result<Cell, Fault> {
        let away =
            || Fault::downstream(Code::Unavailable, Duration::ZERO, format!("{cell} is away"));
        if self.0.cut.lock().contains(cell) {
            return Err(away());
        }
        self.cell(cell).ok_or_else(away)
    }

    fn passage(&self, to: &CellId, message: &Addressed) -> Passage {
        let number = {
            let mut passed = self.0.passed.lock();
            *passed += 1;
            *passed
        };
        let decide = self.0.on_passage.lock().clone();
        decide.map_or(Passage::Once, |decide| decide(to, message, number))
    }

    async fn pass(&self, to: &CellId, message: &Addressed) -> Result<Delivery, Fault> {
        let deliver = async || {
            let outcome = self.reach(to)?.receive(vec![message.clone()]).await.pop();
            outcome.ok_or_else(|| Fault::ours(Code::Internal, "a delivery without an outcome"))
        };
        match self.passage(to, message) {
            Passage::Once => deliver().await,
            Passage::Slow(wait) => {
                tokio::time::sleep(wait).await;
                deliver().await
            }
            Passage::Twice => {
                let _ = deliver().await;
                deliver().await
            }
            Passage::After(wait) => {
                let (wires, to, message) = (self.clone(), to.clone(), message.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    if let Ok(cell) = wires.reach(&to) {
                        cell.receive(vec![message]).await;
                    }
                });
                // The sender believes that it failed, and tries again later: two copies, the first one late.
                tokio::time::sleep(wait / 2).await;
                Err(Fault::downstream(Code::DeadlineExceeded, wait, "no answer in time"))
            }
            Passage::AnswerLost => {
                let _ = deliver().await;
                Err(Fault::downstream(Code::OutcomeUnknown, Duration::ZERO, "the answer was lost"))
            }
        }
    }
}

/// The mesh of one process.
pub struct LocalMesh(pub Wires);

impl Mesh for LocalMesh {
    fn deliver<'a>(
        &'a self,
        cell: &'a CellId,
        messages: &'a [Addressed],
    ) -> Answer<'a, Vec<Delivery>> {
        Box::pin(async move {
            let mut outcomes = Vec::with_capacity(messages.len());
            for message in messages {
                let outcome = self.0.pass(cell, message).await;
                outcomes.push(outcome.unwrap_or_else(Delivery::Retry));
            }
            Ok(outcomes)
        })
    }

    fn follow<'a>(
        &'a self,
        cell: &'a CellId,
        after: u64,
    ) -> Answer<'a, mpsc::Receiver<PublicBatch>> {
        Box::pin(async move {
            let public = self.0.reach(cell)?.stores().public.clone();
            let (sender, receiver) = mpsc::channel(1);
            tokio::spawn(async move {
                let (mut after, mut head) = (after, public.head());
                loop {
                    let newest = *head.borrow_and_update();
                    let Ok(messages) = public.after(after, BATCH).await else { return };
                    after = messages.last().map_or(after, |(position, _)| *position);
                    let all = messages.len() < BATCH;
                    if sender.send(PublicBatch { messages, head: newest }).await.is_err() {
                        return;
                    }
                    if all && head.changed().await.is_err() {
                        return;
                    }
                }
            });
            Ok(receiver)
        })
    }

    fn call<'a>(
        &'a self,
        cell: &'a CellId,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, Unanswered>> + Send + 'a>> {
        Box::pin(async move { self.0.reach(cell)?.serve(call).await })
    }
}
