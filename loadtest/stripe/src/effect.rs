//! What one call would change and answer: decided from the ledger, committed by the server.

use http::StatusCode;
use serde_json::Value;

use crate::event::Told;
use crate::ledger::Row;
use crate::payment::Payment;

/// The outcome of one call, before anything has happened.
#[derive(Debug)]
pub(crate) struct Effect {
    pub(crate) rows: Vec<Row>,
    pub(crate) told: Vec<Told>,
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Effect {
    /// An answer that changes nothing.
    pub(crate) fn read(body: Value) -> Self {
        Self { rows: Vec::new(), told: Vec::new(), status: StatusCode::OK, body }
    }

    /// An answer after steps of a payment.
    pub(crate) fn of(payment: Payment, body: Value) -> Self {
        let mut rows = vec![Row::Intent(Box::new(payment.intent))];
        rows.extend(payment.charge.map(|charge| Row::Charge(Box::new(charge))));
        Self { rows, told: payment.told, status: StatusCode::OK, body }
    }

    /// Adds a change.
    pub(crate) fn and(mut self, row: Option<Row>) -> Self {
        self.rows.extend(row);
        self
    }

    /// Answers with another status.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}
