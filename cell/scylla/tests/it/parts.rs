//! Streams that are longer than a part.

use base_ids::Version;
use cell_runtime::port::{Append, Appended};

use crate::{
    given::{done, events, owned, version},
    keyspace::Keyspace,
};

#[tokio::test]
async fn a_long_stream_goes_on_in_its_next_part_without_a_gap() {
    let name = "a_long_stream_goes_on_in_its_next_part_without_a_gap";
    let Some(keyspace) = Keyspace::new(name).await else { return };
    let open = keyspace.open().await;
    let stores = open.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    let mut head = 0;
    // Over the end of a part in one append, exactly to an end, and on.
    for count in [4_000, 200, 3_991, 1, 1, 700] {
        done(&stores, events(&stream, head, count)).await;
        head += count;
    }
    assert_eq!(head, 8_893);
    let silent = Append { events: Vec::new(), ..events(&stream, head, 0) };
    done(&stores, silent).await;
    for after in [0, 3_999, 4_095, 4_096, 4_199, 4_200, 8_190, 8_191, 8_192, 8_193, 8_892] {
        let tail = stores.journal.events(&stream, Version(after), usize::MAX).await.unwrap();
        let versions: Vec<u64> = tail.iter().map(|event| event.version.0).collect();
        assert_eq!(versions, (after + 1..=head).collect::<Vec<_>>(), "behind {after}");
    }
    let page = stores.journal.events(&stream, Version(4_095), 300).await.unwrap();
    assert_eq!((page.len(), page[299].version), (300, Version(4_395)));
    // Wherever the stream is believed to be, its true version is told.
    for wrong in [0, 4_095, 4_096, 8_191, 8_192, 8_892, 8_894, 20_000] {
        let ended = stores.journal.append(events(&stream, wrong, 1)).await.unwrap();
        assert_eq!(ended, Appended::Conflict { head: Version(head) }, "at {wrong}");
    }
    drop(stores);
    open.close().await.unwrap();
    let open = keyspace.open().await;
    let stores = open.stores();
    done(&stores, events(&stream, head, 1)).await;
    assert_eq!(version(&stores, &stream).await, Version(head + 1));
    drop(stores);
    open.close().await.unwrap();
    keyspace.forget().await;
}
