//! The port to the other cells: deliver messages, follow public ones, pass a call on.

use std::{future::Future, pin::Pin};

use base_fault::Fault;
use base_ids::{CellId, Tenant};
use cell_kernel::Answer;
use tokio::sync::mpsc;

use crate::{
    call::{Answered, Call, Unanswered},
    port::Message,
};

/// A message with its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Whom.
    pub to: Tenant,
    /// Which of its services.
    pub service: String,
    /// What.
    pub message: Message,
}

/// What became of a delivered message at the receiving cell.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// Durably applied, now or before.
    Applied,
    /// Not applied; worth another try.
    Retry(Fault),
    /// The receiver does not own the tenant.
    NotMine,
    /// Durably put among the receiver's dead letters.
    Parked,
}

/// Public messages of a cell, in order, with their positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicBatch {
    /// The messages.
    pub messages: Vec<(u64, Message)>,
    /// Newest position of the source's log.
    pub head: u64,
}

/// The other cells. Connections, time-outs and encryption are the implementation's; retries are the caller's.
pub trait Mesh: Send + Sync + 'static {
    /// Delivers messages to a cell: one outcome each, in order. A fault means that the cell cannot be reached or its answer is
    /// not known; all are then delivered again.
    fn deliver<'a>(
        &'a self,
        cell: &'a CellId,
        messages: &'a [Addressed],
    ) -> Answer<'a, Vec<Delivery>>;

    /// Follows the public messages of a cell behind a position. The receiver ends when the connection does.
    fn follow<'a>(
        &'a self,
        cell: &'a CellId,
        after: u64,
    ) -> Answer<'a, mpsc::Receiver<PublicBatch>>;

    /// Passes a call on to the cell that owns its tenant.
    fn call<'a>(
        &'a self,
        cell: &'a CellId,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, Unanswered>> + Send + 'a>>;
}
