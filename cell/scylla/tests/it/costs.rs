//! What an append costs the engine.

use base_ids::Version;
use cell_runtime::port::{Append, Reply, ReplyKey};
use cell_scylla::{Call, Counts};

use crate::{
    given::{NOON, done, events, full, owned},
    keyspace::Keyspace,
};

fn consensus(counts: &Counts) -> u64 {
    counts.of(Call::ConditionalWrite) + counts.of(Call::SerialRead)
}

#[tokio::test]
async fn an_append_takes_one_consensus_and_what_it_tells_everyone_one_more() {
    let name = "an_append_takes_one_consensus_and_what_it_tells_everyone_one_more";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let open = keyspace.open().await;
    let (stores, counts) = (open.stores(), open.counts());
    let stream = owned(&stores, "users/a/carts/main").await;
    let key = ReplyKey { caller: "users/a".to_owned(), key: "k-1".to_owned() };
    let until = NOON.after(std::time::Duration::from_hours(24));
    let reply = Reply { request: 7, answer: Ok(vec![1]), version: Version(1), until };
    let whole = Append { reply: Some((key, reply)), public: Vec::new(), ..full(&stream, 0) };
    let appends = [(whole, 1), (events(&stream, 1, 3), 1), (full(&stream, 4), 2)];
    for (append, most) in appends {
        let before = consensus(&counts);
        let what = format!("{:?}", append.expected);
        done(&stores, append).await;
        // Looking after the pod takes none while nobody comes or goes.
        assert_eq!(consensus(&counts) - before, most, "{what}: {:?}", counts.all());
    }
    drop(stores);
    open.close().await.unwrap();
    keyspace.forget().await;
}
