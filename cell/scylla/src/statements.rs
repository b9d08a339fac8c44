//! Every statement, prepared once. Only what ScyllaDB and Cassandra share.

use scylla::{
    client::session::Session,
    errors::PrepareError,
    statement::{Consistency, SerialConsistency, prepared::PreparedStatement},
};

/// How a statement is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// At a quorum; may be sent again.
    Plain,
    /// Through consensus, so that what hangs there is finished; may be sent again.
    Serial,
    /// On a condition: never sent again by the driver.
    Conditional,
}

macro_rules! statements {
    ($($name:ident: $way:ident $text:literal;)*) => {
        /// The statements by name.
        pub(crate) struct Statements { $(pub(crate) $name: PreparedStatement,)* }

        #[cfg(test)]
        const ALL: &[(&str, Way, &str)] = &[$((stringify!($name), Way::$way, $text),)*];

        impl Statements {
            /// Prepares all of them.
            pub(crate) async fn prepare(session: &Session) -> Result<Self, PrepareError> {
                let ($($name,)*) = futures_util::try_join!($(Box::pin(prepare(session, Way::$way, $text)),)*)?;
                Ok(Self { $($name,)* })
            }
        }
    };
}

async fn prepare(
    session: &Session,
    way: Way,
    text: &'static str,
) -> Result<PreparedStatement, PrepareError> {
    let mut statement = session.prepare(text).await?;
    statement.set_consistency(match way {
        Way::Serial => Consistency::LocalSerial,
        Way::Plain | Way::Conditional => Consistency::LocalQuorum,
    });
    statement.set_serial_consistency(Some(SerialConsistency::LocalSerial));
    statement.set_is_idempotent(way != Way::Conditional);
    Ok(statement)
}

statements! {
    // Streams. The first two begin the conditional batch of an append.
    append_first: Conditional "UPDATE streams SET counter = ?, head = ?, append = ?, commit = ?, generation = ?, pending = ? WHERE tenant = ? AND service = ? AND key = ? AND part = ? IF counter = null";
    append_next: Conditional "UPDATE streams SET counter = ?, head = ?, append = ?, commit = ?, generation = ?, pending = ? WHERE tenant = ? AND service = ? AND key = ? AND part = ? IF counter = ?";
    event: Conditional "INSERT INTO streams (tenant, service, key, part, version, kind, at, body, cause, appended_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    statics: Plain "SELECT DISTINCT tenant, service, key, part, counter, head, append, commit, generation, pending FROM streams WHERE tenant = ? AND service = ? AND key = ? AND part = ?";
    statics_for_certain: Serial "SELECT DISTINCT tenant, service, key, part, counter, head, append, commit, generation, pending FROM streams WHERE tenant = ? AND service = ? AND key = ? AND part = ?";
    appended_by: Serial "SELECT appended_by FROM streams WHERE tenant = ? AND service = ? AND key = ? AND part = ? AND version = ?";
    events: Plain "SELECT version, kind, at, body, cause FROM streams WHERE tenant = ? AND service = ? AND key = ? AND part = ? AND version > ? LIMIT ?";
    // What is kept beside them.
    snapshot: Plain "SELECT version, state FROM snapshots WHERE tenant = ? AND service = ? AND key = ?";
    put_snapshot: Plain "INSERT INTO snapshots (tenant, service, key, version, state) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?";
    list_streams: Plain "SELECT path FROM streams_of WHERE tenant = ? AND path > ? AND path < ? LIMIT ?";
    put_stream: Plain "INSERT INTO streams_of (tenant, path) VALUES (?, ?)";
    heard: Plain "SELECT key, version FROM heard WHERE tenant = ? AND service = ? AND id = ?";
    put_heard: Plain "INSERT INTO heard (tenant, service, id, key, version) VALUES (?, ?, ?, ?, ?) USING TTL ?";
    reply: Plain "SELECT reply FROM replies WHERE tenant = ? AND caller = ? AND key = ?";
    put_reply: Plain "INSERT INTO replies (tenant, caller, key, reply) VALUES (?, ?, ?, ?) USING TTL ?";
    claims: Plain "SELECT append, service, stream, counter FROM claims WHERE tenant = ? AND caller = ? AND key = ?";
    put_claim: Plain "INSERT INTO claims (tenant, caller, key, append, service, stream, counter) VALUES (?, ?, ?, ?, ?, ?, ?) USING TTL ?";
    // Rows.
    row: Plain "SELECT version, row FROM views WHERE tenant = ? AND service = ? AND name = ? AND key = ?";
    rows: Plain "SELECT key, version, row FROM views WHERE tenant = ? AND service = ? AND name = ? AND key >= ? AND key < ? ORDER BY key ASC LIMIT ?";
    rows_back: Plain "SELECT key, version, row FROM views WHERE tenant = ? AND service = ? AND name = ? AND key >= ? AND key < ? ORDER BY key DESC LIMIT ?";
    put_row: Plain "INSERT INTO views (tenant, service, name, key, version, row) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    drop_row: Plain "DELETE FROM views USING TIMESTAMP ? WHERE tenant = ? AND service = ? AND name = ? AND key = ?";
    replica: Plain "SELECT version, row FROM replicas WHERE service = ? AND name = ? AND bucket = ? AND key = ?";
    replicas: Plain "SELECT key, version, row FROM replicas WHERE service = ? AND name = ? AND bucket = ? AND key >= ? AND key < ? ORDER BY key ASC LIMIT ?";
    replicas_back: Plain "SELECT key, version, row FROM replicas WHERE service = ? AND name = ? AND bucket = ? AND key >= ? AND key < ? ORDER BY key DESC LIMIT ?";
    put_replica: Plain "INSERT INTO replicas (service, name, bucket, key, version, row) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    drop_replica: Plain "DELETE FROM replicas USING TIMESTAMP ? WHERE service = ? AND name = ? AND bucket = ? AND key = ?";
    // Messages on their way.
    mark_dirty: Plain "INSERT INTO dirty (pod, minute, tenant, service, key, part) VALUES (?, ?, ?, ?, ?, ?)";
    dirty: Plain "SELECT tenant, service, key, part FROM dirty WHERE pod = ? AND minute = ?";
    clean: Plain "DELETE FROM dirty WHERE pod = ? AND minute = ?";
    buckets: Plain "SELECT kind, bucket FROM buckets WHERE pod = ?";
    put_bucket: Plain "INSERT INTO buckets (pod, kind, bucket) VALUES (?, ?, ?) USING TIMESTAMP ?";
    drop_bucket: Plain "DELETE FROM buckets USING TIMESTAMP ? WHERE pod = ? AND kind = ? AND bucket = ?";
    put_entry: Plain "INSERT INTO outbox (pod, kind, bucket, due, commit, ordinal, entry) VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    entry: Plain "SELECT entry FROM outbox WHERE pod = ? AND kind = ? AND bucket = ? AND due = ? AND commit = ? AND ordinal = ?";
    entries: Plain "SELECT due, commit, ordinal, entry FROM outbox WHERE pod = ? AND kind = ? AND bucket = ?";
    drop_entry: Plain "DELETE FROM outbox USING TIMESTAMP ? WHERE pod = ? AND kind = ? AND bucket = ? AND due = ? AND commit = ? AND ordinal = ?";
    drop_entries: Plain "DELETE FROM outbox USING TIMESTAMP ? WHERE pod = ? AND kind = ? AND bucket = ?";
    // Dead letters.
    dead_letters: Plain "SELECT letter FROM dead_letters WHERE shard = 0 LIMIT ?";
    dead_letter: Plain "SELECT letter FROM dead_letters WHERE shard = 0 AND at = ? AND id = ?";
    put_dead_letter: Plain "INSERT INTO dead_letters (shard, at, id, letter) VALUES (0, ?, ?, ?)";
    drop_dead_letter: Plain "DELETE FROM dead_letters WHERE shard = 0 AND at = ? AND id = ?";
    dead_place: Serial "SELECT at FROM dead_places WHERE id = ?";
    take_dead_place: Conditional "INSERT INTO dead_places (id, at) VALUES (?, ?) IF NOT EXISTS";
    leave_dead_place: Conditional "DELETE FROM dead_places WHERE id = ? IF at = ?";
    // Pods.
    pods: Plain "SELECT number, incarnation, state, keeper, floor FROM pods WHERE shard = 0";
    claim_new: Conditional "INSERT INTO pods (shard, number, incarnation, state, floor) VALUES (0, ?, ?, 'alive', ?) IF NOT EXISTS";
    claim_free: Conditional "UPDATE pods SET incarnation = ?, state = 'alive', keeper = null WHERE shard = 0 AND number = ? IF incarnation = ? AND state = 'free'";
    leave: Conditional "UPDATE pods SET state = 'left', floor = ? WHERE shard = 0 AND number = ? IF incarnation = ? AND state = 'alive'";
    adopt: Conditional "UPDATE pods SET state = 'kept', keeper = ? WHERE shard = 0 AND number = ? IF incarnation = ? AND state = ? AND keeper = ?";
    free: Conditional "UPDATE pods SET state = 'free', floor = ? WHERE shard = 0 AND number = ? IF incarnation = ? AND state = 'kept' AND keeper = ?";
    beats: Plain "SELECT incarnation, turn, floor FROM beats WHERE shard = 0";
    beat: Plain "INSERT INTO beats (shard, incarnation, turn, floor) VALUES (0, ?, ?, ?) USING TTL 60";
    end_beat: Plain "DELETE FROM beats WHERE shard = 0 AND incarnation = ?";
    // The public log.
    tell_first: Conditional "UPDATE public_log SET head = ? WHERE bucket = ? IF head = null";
    tell_next: Conditional "UPDATE public_log SET head = ? WHERE bucket = ? IF head = ?";
    told: Conditional "INSERT INTO public_log (bucket, position, id, key, message) VALUES (?, ?, ?, ?, ?)";
    public_head: Serial "SELECT DISTINCT bucket, head FROM public_log WHERE bucket = ?";
    public_head_seen: Plain "SELECT DISTINCT bucket, head FROM public_log WHERE bucket = ?";
    public_ids: Plain "SELECT id FROM public_log WHERE bucket = ? AND position > ? AND position <= ?";
    public: Plain "SELECT position, key, message FROM public_log WHERE bucket = ? AND position > ? AND position <= ? LIMIT ?";
    drop_public: Plain "DELETE FROM public_log WHERE bucket = ? AND position = ?";
    public_newest: Plain "SELECT position FROM public_newest WHERE key = ? AND kind = ?";
    put_public_newest: Plain "INSERT INTO public_newest (key, kind, position) VALUES (?, ?, ?) USING TIMESTAMP ?";
    // Places.
    place: Serial "SELECT position, stamp FROM places WHERE kind = ? AND name = ?";
    put_tip: Plain "INSERT INTO places (kind, name, position) VALUES (?, ?, ?) USING TIMESTAMP ?";
    places: Serial "SELECT position, stamp FROM places WHERE kind = ?";
    begin_place: Conditional "INSERT INTO places (kind, name, position, stamp) VALUES (?, ?, ?, ?) IF NOT EXISTS";
    move_place: Conditional "UPDATE places SET position = ?, stamp = ? WHERE kind = ? AND name = ? IF position = ?";
    // Fences.
    fence: Plain "SELECT tenant, fence FROM fences WHERE block = ? AND tenant IN ('', ?)";
    block: Serial "SELECT tenant, counter, fence FROM fences WHERE block = ?";
    fence_first: Conditional "UPDATE fences SET counter = ? WHERE block = ? IF counter = null";
    fence_next: Conditional "UPDATE fences SET counter = ? WHERE block = ? IF counter = ?";
    put_fence: Conditional "INSERT INTO fences (block, tenant, fence) VALUES (?, ?, ?)";
}

#[cfg(test)]
mod tests {
    use super::{ALL, Way};

    #[test]
    fn a_condition_is_never_sent_again_by_the_driver() {
        for (name, way, text) in ALL {
            let conditional = text.contains(" IF ");
            assert!(!conditional || *way == Way::Conditional, "{name}");
        }
    }

    #[test]
    fn no_statement_mixes_a_condition_with_a_clock_of_its_own() {
        for (name, way, text) in ALL {
            assert!(!(text.contains("TIMESTAMP") && *way == Way::Conditional), "{name}");
        }
    }

    #[test]
    fn nothing_is_read_or_deleted_without_its_partition() {
        for (name, _, text) in ALL {
            let scans = text.contains("ALLOW FILTERING") || !text.contains("WHERE");
            assert!(!scans || text.starts_with("INSERT"), "{name}");
        }
    }
}
