//! Lays a keyspace out, step by step, by one process at a time, and refuses one that a newer build has laid out.

use std::{error::Error, time::Duration};

use scylla::{
    client::session::Session,
    statement::{Consistency, SerialConsistency, unprepared::Statement},
    value::{CqlValue, Row},
};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::{config::Config, refusal::OpenRefusal};

/// The steps, in order; a step that was released is never changed.
const STEPS: &[&str] =
    &[include_str!("../schema/001_tables.cql"), include_str!("../schema/002_claims.cql")];
/// How long whoever lays out may be silent before somebody else goes on, in seconds.
const LEASE_SECS: u32 = 60;
/// How long one step may take; shorter than that.
const STEP_MAX: Duration = Duration::from_secs(50);
/// How often others look whether it is done.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long they wait in all.
const PATIENCE: Duration = Duration::from_mins(3);

type Cause = Box<dyn Error + Send + Sync>;

/// Makes the keyspace what this build knows.
pub(crate) async fn lay_out(
    session: &Session,
    config: &Config,
    nodes: &str,
) -> Result<(), OpenRefusal> {
    let refused = |what| {
        let (keyspace, nodes) = (config.keyspace.clone(), nodes.to_owned());
        move |cause| OpenRefusal::Schema { keyspace, nodes, what, cause }
    };
    let layout = Layout { session, config };
    layout.begin().await.map_err(refused("made"))?;
    let known = i32::try_from(STEPS.len()).expect("few steps");
    let begun = std::time::Instant::now();
    loop {
        let found = match layout.version().await {
            // Whoever makes the table has said so, and the node that is asked does not serve it yet.
            Err(cause) if is_early(&cause) && begun.elapsed() < PATIENCE => {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            }
            found => found.map_err(refused("read"))?,
        };
        if found == known {
            let agreed = session.await_schema_agreement().await;
            agreed.map_err(|cause| refused("read")(cause.into()))?;
            let seen = session.refresh_metadata().await;
            return seen.map_err(|cause| refused("read")(cause.into()));
        }
        if found > known {
            let (keyspace, nodes) = (config.keyspace.clone(), nodes.to_owned());
            return Err(OpenRefusal::Newer { keyspace, nodes, found, known });
        }
        let me = Uuid::new_v4();
        if layout.hold(None, me).await.map_err(refused("laid out"))? {
            layout.go_on(me, found, known).await.map_err(refused("laid out"))?;
        } else if begun.elapsed() > PATIENCE {
            let cause = "another process is at it and does not end".into();
            return Err(refused("laid out")(cause));
        } else {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Whether a table that is known to be there is not served yet.
fn is_early(cause: &Cause) -> bool {
    use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
    matches!(
        cause.downcast_ref(),
        Some(ExecutionError::LastAttemptError(RequestAttemptError::DbError(DbError::Invalid, _)))
    )
}

/// Takes the keyspace away.
pub(crate) async fn wipe(
    session: &Session,
    config: &Config,
    nodes: &str,
) -> Result<(), OpenRefusal> {
    let Config { keyspace, .. } = config;
    let layout = Layout { session, config };
    layout.run(&format!("DROP KEYSPACE IF EXISTS {keyspace}")).await.map_err(|cause| {
        let (keyspace, nodes) = (keyspace.clone(), nodes.to_owned());
        OpenRefusal::Schema { keyspace, nodes, what: "taken away", cause }
    })
}

struct Layout<'a> {
    session: &'a Session,
    config: &'a Config,
}

impl Layout<'_> {
    /// The keyspace, and the table that says how far it is laid out.
    async fn begin(&self) -> Result<(), Cause> {
        let keyspace = &self.config.keyspace;
        let there = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
        let there = self.session.query_unpaged(there, (keyspace,)).await?.into_rows_result()?;
        if there.rows_num() == 0 {
            self.run(&make_keyspace(self.config, self.is_scylla())).await?;
        }
        let there = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'laid_out'";
        let there = self.session.query_unpaged(there, (keyspace,)).await?.into_rows_result()?;
        if there.rows_num() == 0 {
            // Two who make a table at once make two of them, unless it has the same id for both.
            let id = Uuid::from_u128(xxh3_128(keyspace.as_bytes()));
            self.run(&format!(
                "CREATE TABLE IF NOT EXISTS {keyspace}.laid_out (shard int PRIMARY KEY, version int, owner uuid) WITH id = {id}"
            ))
            .await?;
        }
        self.session.use_keyspace(keyspace, false).await?;
        Ok(())
    }

    fn is_scylla(&self) -> bool {
        let state = self.session.get_cluster_state();
        state.get_nodes_info().iter().any(|node| node.sharder().is_some())
    }

    async fn version(&self) -> Result<i32, Cause> {
        let mut statement = Statement::new("SELECT version FROM laid_out WHERE shard = 0");
        statement.set_consistency(Consistency::LocalSerial);
        let rows = self.session.query_unpaged(statement, ()).await?.into_rows_result()?;
        let version = rows.maybe_first_row::<(Option<i32>,)>()?;
        Ok(version.and_then(|(version,)| version).unwrap_or(0))
    }

    /// Takes the right to lay out, or keeps it.
    async fn hold(&self, from: Option<Uuid>, to: Uuid) -> Result<bool, Cause> {
        let from = from.map_or("null".to_owned(), |from| from.to_string());
        self.run_if(&format!(
            "UPDATE laid_out USING TTL {LEASE_SECS} SET owner = {to} WHERE shard = 0 IF owner = {from}"
        ))
        .await
    }

    async fn go_on(&self, me: Uuid, found: i32, known: i32) -> Result<(), Cause> {
        let steps = &STEPS[usize::try_from(found).unwrap_or(0)..];
        for statement in steps.iter().flat_map(|step| statements(step)) {
            if !self.hold(Some(me), me).await? {
                // It took too long, and somebody else went on.
                return Ok(());
            }
            self.run(&statement).await?;
        }
        let done = format!(
            "UPDATE laid_out SET version = {known}, owner = null WHERE shard = 0 IF owner = {me}"
        );
        self.run_if(&done).await.map(drop)
    }

    async fn run(&self, text: &str) -> Result<(), Cause> {
        let mut statement = Statement::new(text);
        statement.set_request_timeout(Some(STEP_MAX));
        self.session.query_unpaged(statement, ()).await?;
        Ok(())
    }

    async fn run_if(&self, text: &str) -> Result<bool, Cause> {
        let mut statement = Statement::new(text);
        statement.set_consistency(Consistency::LocalQuorum);
        statement.set_serial_consistency(Some(SerialConsistency::LocalSerial));
        let rows = self.session.query_unpaged(statement, ()).await?.into_rows_result()?;
        let column = rows.column_specs().get_by_name("[applied]").map(|(at, _)| at);
        let row: Option<Row> = rows.maybe_first_row()?;
        let value = column.zip(row).and_then(|(at, mut row)| row.columns.get_mut(at)?.take());
        Ok(value == Some(CqlValue::Boolean(true)))
    }
}

/// Every data centre keeps that many copies. ScyllaDB's tablets are refused: what runs through consensus needs them off in many versions.
fn make_keyspace(config: &Config, is_scylla: bool) -> String {
    let Config { keyspace, replication, .. } = config;
    let tablets = if is_scylla { " AND tablets = {'enabled': false}" } else { "" };
    format!(
        "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {{'class': 'NetworkTopologyStrategy', 'replication_factor': {replication}}}{tablets}"
    )
}

/// The statements of a step, without its comments.
fn statements(step: &str) -> Vec<String> {
    let lines = step.lines().filter(|line| !line.trim_start().starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let statements = text.split(";\n").map(|each| each.trim().trim_end_matches(';').to_owned());
    statements.filter(|each| !each.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::{STEPS, make_keyspace, statements};
    use crate::config::Config;

    #[test]
    fn every_statement_of_a_step_can_be_repeated() {
        for statement in STEPS.iter().flat_map(|step| statements(step)) {
            assert!(statement.contains("IF NOT EXISTS"), "{statement}");
            assert!(!statement.contains(';') && !statement.contains("--"), "{statement}");
        }
        assert_eq!(statements(STEPS[0]).len(), 18);
    }

    #[test]
    fn a_new_keyspace_has_its_copies_and_no_tablets() {
        let config = Config { keyspace: "souk_a".to_owned(), ..Config::default() };
        assert_eq!(
            make_keyspace(&config, true),
            "CREATE KEYSPACE IF NOT EXISTS souk_a WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 3} AND tablets = {'enabled': false}"
        );
        assert!(!make_keyspace(&config, false).contains("tablets"));
    }
}
