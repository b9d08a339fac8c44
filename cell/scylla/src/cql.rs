//! Calls to the engine: typed rows out, and errors that say where, what was tried and what to check.

use std::{ops::ControlFlow, time::Duration};

use base_fault::{Code, Fault, Retry, Source};
use scylla::{
    client::session::Session,
    deserialize::row::DeserializeRow,
    errors::ExecutionError,
    response::{
        PagingState,
        query_result::{QueryResult, QueryRowsResult},
    },
    serialize::row::SerializeRow,
    statement::{
        Consistency, SerialConsistency,
        batch::{Batch, BatchType},
        prepared::PreparedStatement,
    },
    value::{CqlValue, Row},
};

use crate::{
    counts::{Call, Counts},
    mishaps::{Mishap, Mishaps, Step},
    outcome::{self, Ended},
    statements::Statements,
};

/// How long a caller whose call was refused had better wait.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// The engine, as one pod reaches it.
pub(crate) struct Cql {
    pub(crate) session: Session,
    pub(crate) say: Statements,
    /// The nodes it was told of, for errors.
    pub(crate) nodes: String,
    pub(crate) counts: Counts,
    pub(crate) mishaps: Mishaps,
}

/// A row of values whose types differ from statement to statement of a batch.
pub(crate) type Values = Vec<Option<CqlValue>>;

/// Values of a statement in a batch; `None` is null.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::cql::Bind::bind($value)),*] };
}
pub(crate) use values;

/// What can stand in [`Values`].
pub(crate) trait Bind {
    fn bind(self) -> Option<CqlValue>;
}

macro_rules! bind {
    ($($rust:ty => $wrap:expr;)*) => {$(
        impl Bind for $rust {
            fn bind(self) -> Option<CqlValue> { Some($wrap(self)) }
        }
    )*};
}

bind! {
    i64 => CqlValue::BigInt;
    i32 => CqlValue::Int;
    i8 => CqlValue::TinyInt;
    &str => |text: &str| CqlValue::Text(text.to_owned());
    String => CqlValue::Text;
    Vec<u8> => CqlValue::Blob;
    uuid::Uuid => CqlValue::Uuid;
}

impl<T: Bind> Bind for Option<T> {
    fn bind(self) -> Option<CqlValue> {
        self.and_then(Bind::bind)
    }
}

/// Statements of one partition that are applied together.
#[derive(Default)]
pub(crate) struct Together<'a> {
    statements: Vec<&'a PreparedStatement>,
    values: Vec<Values>,
}

impl<'a> Together<'a> {
    pub(crate) fn add(&mut self, statement: &'a PreparedStatement, values: Values) {
        self.statements.push(statement);
        self.values.push(values);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// About how many bytes it sends.
    pub(crate) fn bytes(&self) -> usize {
        let len = |value: &Option<CqlValue>| match value {
            Some(CqlValue::Blob(bytes)) => bytes.len() + 4,
            Some(CqlValue::Text(text)) => text.len() + 4,
            _ => 12,
        };
        self.values.iter().flatten().map(len).sum()
    }

    fn batch(&self, idempotent: bool) -> Batch {
        let mut batch = Batch::new(BatchType::Unlogged);
        for statement in &self.statements {
            batch.append_statement((*statement).clone());
        }
        batch.set_consistency(Consistency::LocalQuorum);
        batch.set_serial_consistency(Some(SerialConsistency::LocalSerial));
        batch.set_is_idempotent(idempotent);
        batch
    }
}

/// What the driver makes of an answer.
type Answered = Result<QueryResult, ExecutionError>;

/// A conditional statement that failed.
pub(crate) struct Failed {
    pub(crate) ended: Ended,
    pub(crate) fault: Fault,
}

impl Cql {
    /// All rows.
    pub(crate) async fn read<R>(
        &self,
        what: &'static str,
        statement: &PreparedStatement,
        values: impl SerializeRow + Sync,
    ) -> Result<Vec<R>, Fault>
    where
        R: for<'r> DeserializeRow<'r, 'r>,
    {
        let is_serial = statement.get_consistency() == Some(Consistency::LocalSerial);
        let cost = if is_serial { Call::SerialRead } else { Call::Read };
        let mut all = Vec::new();
        let mut state = PagingState::start();
        loop {
            self.counts.note(cost, what);
            if let Some(mishap) = self.mishaps.meet_planned(what) {
                return Err(self.unread(what, mishap.error()));
            }
            let asked = self.session.execute_single_page(statement, &values, state).await;
            let (result, next) = asked.map_err(|error| self.unread(what, error))?;
            let rows = result.into_rows_result().map_err(|error| self.odd(what, error))?;
            for row in rows.rows::<R>().map_err(|error| self.odd(what, error))? {
                all.push(row.map_err(|error| self.odd(what, error))?);
            }
            match next.into_paging_control_flow() {
                ControlFlow::Break(()) => return Ok(all),
                ControlFlow::Continue(next) => state = next,
            }
        }
    }

    /// The only row, if it is there.
    pub(crate) async fn find<R>(
        &self,
        what: &'static str,
        statement: &PreparedStatement,
        values: impl SerializeRow + Sync,
    ) -> Result<Option<R>, Fault>
    where
        R: for<'r> DeserializeRow<'r, 'r>,
    {
        Ok(self.read(what, statement, values).await?.pop())
    }

    /// Writes what may be written again.
    pub(crate) async fn write(
        &self,
        what: &'static str,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<(), Fault> {
        let (met, mut first) = (self.begin(Call::Write, what, None), None);
        for _ in 0..met.map_or(1, Mishap::times) {
            let answer = self.session.execute_unpaged(statement, &values).await;
            first.get_or_insert(answer);
        }
        let written = self.end(met, first);
        written.map(drop).map_err(|error| self.unwritten(what, *error))
    }

    /// Writes what may be written again, all in one partition.
    pub(crate) async fn write_together(
        &self,
        what: &'static str,
        writes: Together<'_>,
    ) -> Result<(), Fault> {
        if writes.is_empty() {
            return Ok(());
        }
        let batch = writes.batch(true);
        let (met, mut first) = (self.begin(Call::Write, what, None), None);
        for _ in 0..met.map_or(1, Mishap::times) {
            let answer = self.session.batch(&batch, &writes.values).await;
            first.get_or_insert(answer);
        }
        let written = self.end(met, first);
        written.map(drop).map_err(|error| self.unwritten(what, *error))
    }

    /// Writes on a condition; whether it held.
    pub(crate) async fn write_if(
        &self,
        what: &'static str,
        statement: &PreparedStatement,
        values: impl SerializeRow,
    ) -> Result<bool, Failed> {
        let (met, mut first) = (self.begin(Call::ConditionalWrite, what, None), None);
        for _ in 0..met.map_or(1, Mishap::times) {
            let answer = self.session.execute_unpaged(statement, &values).await;
            first.get_or_insert(answer);
        }
        let answer = self.end(met, first);
        let rows = answer.map_err(|error| self.failed(what, *error))?.into_rows_result();
        self.applied(what, rows)
    }

    /// Writes on a condition, all in one partition; whether it held.
    pub(crate) async fn write_together_if(
        &self,
        what: &'static str,
        writes: &Together<'_>,
        step: Option<Step>,
    ) -> Result<bool, Failed> {
        let batch = writes.batch(false);
        let (met, mut first) = (self.begin(Call::ConditionalWrite, what, step), None);
        for _ in 0..met.map_or(1, Mishap::times) {
            let answer = self.session.batch(&batch, &writes.values).await;
            first.get_or_insert(answer);
        }
        let answer = self.end(met, first);
        let rows = answer.map_err(|error| self.failed(what, *error))?.into_rows_result();
        self.applied(what, rows)
    }

    /// A call that changes something is about to be made; what a test has it meet.
    fn begin(&self, cost: Call, what: &'static str, step: Option<Step>) -> Option<Mishap> {
        self.counts.note(cost, what);
        let met = step.and_then(|step| self.mishaps.meet(step));
        met.or_else(|| self.mishaps.meet_planned(what))
    }

    /// How it ended: its first answer, unless it met something that leaves none.
    fn end(
        &self,
        met: Option<Mishap>,
        first: Option<Answered>,
    ) -> Result<QueryResult, Box<ExecutionError>> {
        if let Some(mishap) = met {
            self.mishaps.made(mishap);
        }
        let lost = met.filter(|mishap| !mishap.is_answered());
        match first {
            Some(answered) if lost.is_none() => answered.map_err(Box::new),
            _ => Err(Box::new(lost.unwrap_or(Mishap::CallLost).error())),
        }
    }

    /// The layout of the answer varies with the engine and with how it ended; only this column is always there.
    fn applied<E>(&self, what: &str, rows: Result<QueryRowsResult, E>) -> Result<bool, Failed>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let odd = |fault| Failed { ended: Ended::Unknown, fault };
        let rows = rows.map_err(|error| odd(self.odd(what, error)))?;
        let column = rows.column_specs().get_by_name("[applied]").map(|(at, _)| at);
        let row: Option<Row> =
            rows.maybe_first_row().map_err(|error| odd(self.odd(what, error)))?;
        let value = column.zip(row).and_then(|(at, mut row)| row.columns.get_mut(at)?.take());
        match value {
            Some(CqlValue::Boolean(applied)) => Ok(applied),
            _ => Err(odd(Fault::ours(
                Code::StoreBroken,
                format!("{} does not say whether it could {what}", self.place()),
            ))),
        }
    }

    fn place(&self) -> String {
        format!("ScyllaDB or Cassandra at {}", self.nodes)
    }

    fn failed(&self, what: &str, error: ExecutionError) -> Failed {
        let ended = outcome::of(&error);
        let fault = match ended {
            Ended::NotApplied => self.unread(what, error),
            Ended::Unknown => self.unknown(what).because(error),
        };
        Failed { ended, fault }
    }

    /// A write whose outcome nobody knows.
    pub(crate) fn unknown(&self, what: &str) -> Fault {
        let text = format!(
            "{} did not say whether it could {what}; it may have happened, and trying again is safe. Check that enough of its nodes live",
            self.place()
        );
        Fault::new(Code::OutcomeUnknown, Source::Downstream, Retry::Same, text)
    }

    fn unwritten(&self, what: &str, error: ExecutionError) -> Fault {
        self.failed(what, error).fault
    }

    /// A call that changed nothing.
    fn unread(&self, what: &str, error: ExecutionError) -> Fault {
        let text = format!(
            "{} could not {what}; nothing was changed. Check that enough of its nodes live and can be reached",
            self.place()
        );
        Fault::downstream(Code::Unavailable, RETRY_AFTER, text).because(error)
    }

    fn odd(&self, what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Fault {
        let text = format!(
            "{} could {what}, but what it says cannot be read; was the keyspace changed by hand?",
            self.place()
        );
        Fault::ours(Code::StoreBroken, text).because(error)
    }
}

impl From<Failed> for Fault {
    fn from(failed: Failed) -> Self {
        failed.fault
    }
}
