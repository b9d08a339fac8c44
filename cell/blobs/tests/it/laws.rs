//! What every place must do, Invariant blob-1 first; one suite, run in memory, in a directory and in S3.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base_fault::{Code, Fault};
use base_testkit::eventually;
use bytes::Bytes;
use cell_blobs::{Blobs, Kept, MediaType, Promised, Seen};
use futures_util::{StreamExt as _, TryStreamExt as _, future::join_all, stream};

use crate::{
    given::{LARGE, keep, listed, name_of, pdf, pieces, promised, read},
    subject::{Subject, server},
};

/// Runs every law, each on a subject of its own. Says how many ran.
async fn all(make: impl AsyncFn() -> Subject) -> usize {
    let mut ran = 0;
    macro_rules! laws {
        ($($law:ident)*) => {$(
            Box::pin($law(&mut make().await)).await;
            ran += 1;
        )*};
    }
    laws! {
        a_blob_is_read_as_it_was_kept
        of_many_who_keep_one_blob_one_makes_it
        what_is_not_what_it_was_said_to_be_is_not_kept
        what_is_too_large_is_refused_before_it_is_read
        a_large_blob_is_seen_when_it_is_whole
        who_goes_away_leaves_nothing
        blobs_are_listed_below_their_folder
        to_remove_again_changes_nothing
        what_is_damaged_is_refused_and_can_be_mended
        what_was_kept_is_there_for_the_next_process
        no_blob_lies_in_memory_whole
    }
    ran
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_in_memory_keep_every_law() {
    assert_eq!(all(async || Subject::memory()).await, 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_in_a_directory_keep_every_law() {
    assert_eq!(all(Subject::directory).await, 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blobs_in_s3_keep_every_law() {
    let Some(address) = server("blobs_in_s3_keep_every_law") else { return };
    assert_eq!(all(async || Subject::s3(&address).await).await, 11);
}

async fn a_blob_is_read_as_it_was_kept(subject: &mut Subject) {
    let blobs = &subject.blobs;
    for (seed, len) in [(1, 9), (2, 300_000), (3, 5 << 20), (4, (5 << 20) + 1), (5, LARGE)] {
        let bytes = pdf(len, seed);
        let (name, kept) = keep(blobs, &bytes).await;
        assert_eq!(kept, Kept::New);
        let found = blobs.read(&name).await.unwrap().unwrap();
        assert_eq!((found.size, found.media_type), (len as u64, MediaType::Pdf));
        assert!(read(blobs, &name).await.unwrap() == bytes, "{len} bytes came back otherwise");
        let seen = Seen { size: len as u64, media_type: Some(MediaType::Pdf) };
        assert_eq!(blobs.look(&name).await.unwrap(), Some(seen));
    }
    let nobody = name_of("vendors/atlas/documents", b"nobody");
    assert!(blobs.read(&nobody).await.unwrap().is_none());
    assert_eq!(blobs.look(&nobody).await.unwrap(), None);
}

async fn of_many_who_keep_one_blob_one_makes_it(subject: &mut Subject) {
    for (many, len) in [(16, 80_000), (16, 1), (4, LARGE)] {
        let bytes = if len == 1 { Bytes::from_static(b"%PDF-") } else { pdf(len, 7) };
        let ended = join_all((0..many).map(|_| keep(&subject.blobs, &bytes))).await;
        let count = |wanted| ended.iter().filter(|(_, kept)| *kept == wanted).count();
        assert_eq!((count(Kept::New), count(Kept::Already)), (1, many - 1), "{len} bytes");
        assert!(read(&subject.blobs, &ended[0].0).await.unwrap() == bytes);
    }
    assert_eq!(listed(&subject.blobs, "vendors/atlas").await.len(), 3);
}

async fn what_is_not_what_it_was_said_to_be_is_not_kept(subject: &mut Subject) {
    let blobs = &subject.blobs;
    for len in [1_000, LARGE] {
        let bytes = pdf(len, 1);
        let (name, right) = (name_of("vendors/atlas/documents", &bytes), promised(&bytes));
        let other = pdf(len, 2);
        let png = Promised { media_type: MediaType::Png, ..right };
        let cut = Fault::caller(Code::Malformed, "the body broke off");
        let cut = pieces(&bytes.slice(..len / 2)).chain(stream::iter([Err(cut)]));
        let (long, short) = (pdf(len + 1, 1), bytes.slice(..len - 1));
        let tries = [
            ("sha256", blobs.keep(&name, right, pieces(&other)).await),
            ("size", blobs.keep(&name, right, pieces(&short)).await),
            ("size", blobs.keep(&name, right, pieces(&long)).await),
            ("media_type", blobs.keep(&name, png, pieces(&bytes)).await),
            ("broke off", blobs.keep(&name, right, cut).await),
        ];
        for (word, refused) in tries {
            let fault = refused.unwrap_err();
            assert!(fault.context().contains(word), "{word}: {}", fault.context());
        }
        assert_eq!(blobs.look(&name).await.unwrap(), None);
    }
    assert_eq!(listed(blobs, "vendors").await, []);
    nothing_is_left(subject).await;
}

async fn what_is_too_large_is_refused_before_it_is_read(subject: &mut Subject) {
    let name = name_of("vendors/atlas/documents", b"never read");
    for (size, code) in [(0, Code::InvalidField), (Blobs::SIZE_MAX + 1, Code::BodyTooLarge)] {
        let never = stream::once(async { panic!("it was read") });
        let promised = Promised { size, media_type: MediaType::Pdf };
        let refused = subject.blobs.keep(&name, promised, never).await;
        assert_eq!(refused.unwrap_err().code(), code);
    }
}

async fn a_large_blob_is_seen_when_it_is_whole(subject: &mut Subject) {
    let (blobs, bytes) = (&subject.blobs, pdf(LARGE, 1));
    let name = name_of("vendors/atlas/documents", &bytes);
    let looks = AtomicUsize::new(0);
    let watched = pieces(&bytes).enumerate().then(async |(at, piece)| {
        if at % 30 == 29 {
            looks.fetch_add(1, Ordering::Relaxed);
            assert_eq!(blobs.look(&name).await.unwrap(), None);
            assert_eq!(listed(blobs, "vendors").await, []);
        }
        piece
    });
    assert_eq!(blobs.keep(&name, promised(&bytes), watched).await.unwrap(), Kept::New);
    assert!(looks.into_inner() > 2);
    assert_eq!(listed(blobs, "vendors").await, [(name.to_string(), LARGE as u64)]);
    nothing_is_left(subject).await;
}

async fn who_goes_away_leaves_nothing(subject: &mut Subject) {
    let bytes = pdf(LARGE, 1);
    let name = name_of("vendors/atlas/documents", &bytes);
    let stuck = pieces(&bytes).take(95).chain(stream::pending());
    let keeping = subject.blobs.keep(&name, promised(&bytes), stuck);
    assert!(tokio::time::timeout(Duration::from_millis(500), keeping).await.is_err());
    assert_eq!(subject.blobs.look(&name).await.unwrap(), None);
    nothing_is_left(subject).await;
}

/// Neither staged blobs nor, where they can be seen, files that are half written.
async fn nothing_is_left(subject: &Subject) {
    eventually(Duration::from_secs(10), async || {
        let mut left = subject.left().await;
        left.retain(|file| file.contains('#') || file.contains("incoming/"));
        if left.is_empty() { Ok(()) } else { Err(left) }
    })
    .await
    .unwrap();
}

async fn blobs_are_listed_below_their_folder(subject: &mut Subject) {
    let mut expected = Vec::new();
    for (folder, seed) in [
        ("vendors/atlas/documents", 1),
        ("vendors/atlas/pictures", 2),
        ("vendors/atlas-2/documents", 3),
    ] {
        let bytes = pdf(1_000 + seed as usize, seed);
        let name = name_of(folder, &bytes);
        subject.blobs.keep(&name, promised(&bytes), pieces(&bytes)).await.unwrap();
        expected.push((name.to_string(), bytes.len() as u64));
    }
    assert_eq!(listed(&subject.blobs, "vendors/atlas").await, expected[..2]);
    assert_eq!(listed(&subject.blobs, "vendors/atlas-2").await, expected[2..]);
    assert_eq!(listed(&subject.blobs, "vendors").await.len(), 3);
    assert_eq!(listed(&subject.blobs, "vendors/rif").await, []);
    for folder in ["", "..", "vendors/../incoming", "/"] {
        assert!(subject.blobs.list(folder).is_err(), "{folder}");
    }
}

async fn to_remove_again_changes_nothing(subject: &mut Subject) {
    let blobs = &subject.blobs;
    let (name, _) = keep(blobs, &pdf(1_000, 1)).await;
    let (other, _) = keep(blobs, &pdf(1_000, 2)).await;
    for _ in 0..3 {
        blobs.remove(&name).await.unwrap();
        assert_eq!(blobs.look(&name).await.unwrap(), None);
    }
    assert!(blobs.look(&other).await.unwrap().is_some());
    assert_eq!(keep(blobs, &pdf(1_000, 1)).await.1, Kept::New);
}

async fn what_is_damaged_is_refused_and_can_be_mended(subject: &mut Subject) {
    for len in [1_000, LARGE] {
        let bytes = pdf(len, 1);
        let (name, _) = keep(&subject.blobs, &bytes).await;
        let mut flipped = bytes.to_vec();
        flipped[len - 1] ^= 1;
        let halves = [flipped, bytes[..len / 2].to_vec(), b"x".to_vec()];
        for damaged in halves {
            if !subject.damage(&name, damaged.clone()).await {
                return;
            }
            let mut given = Vec::new();
            let ended = match subject.blobs.read(&name).await {
                Ok(found) => {
                    let mut pieces = found.unwrap().pieces;
                    loop {
                        match pieces.try_next().await {
                            Ok(Some(piece)) => given.extend_from_slice(&piece),
                            Ok(None) => break Ok(()),
                            Err(fault) => break Err(fault),
                        }
                    }
                }
                Err(fault) => Err(fault),
            };
            let fault = ended.unwrap_err();
            assert_eq!(fault.code(), Code::StoreBroken);
            assert!(base_fault::chain(&fault).contains(name.as_str()));
            assert!(given.len() < damaged.len(), "never to its end");
            assert_eq!(keep(&subject.blobs, &bytes).await.1, Kept::Mended);
            assert!(read(&subject.blobs, &name).await.unwrap() == bytes);
        }
    }
}

async fn what_was_kept_is_there_for_the_next_process(subject: &mut Subject) {
    let bytes = [pdf(1_000, 1), pdf(LARGE, 2)];
    for each in &bytes {
        keep(&subject.blobs, each).await;
    }
    subject.reopen().await;
    for each in &bytes {
        let (name, kept) = keep(&subject.blobs, each).await;
        assert_eq!(kept, Kept::Already);
        assert!(read(&subject.blobs, &name).await.unwrap() == *each);
    }
}

/// Bytes that count themselves while anybody holds them.
struct Counted(Vec<u8>, Arc<AtomicUsize>);

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(self.0.len(), Ordering::Relaxed);
    }
}

async fn no_blob_lies_in_memory_whole(subject: &mut Subject) {
    if subject.is_memory() {
        return;
    }
    let bytes = pdf(20_000_000, 1);
    let name = name_of("vendors/atlas/documents", &bytes);
    let (held, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = pieces(&bytes).map_ok(|piece| {
        let now = held.fetch_add(piece.len(), Ordering::Relaxed) + piece.len();
        most.fetch_max(now, Ordering::Relaxed);
        Bytes::from_owner(Counted(piece.to_vec(), Arc::clone(&held)))
    });
    subject.blobs.keep(&name, promised(&bytes), counted).await.unwrap();
    let most = most.load(Ordering::Relaxed);
    assert!(most < 6 << 20, "{most} bytes were held at once");
    let mut pieces = subject.blobs.read(&name).await.unwrap().unwrap().pieces;
    while let Some(piece) = pieces.try_next().await.unwrap() {
        assert!(piece.len() < 1 << 20, "{} bytes in a piece", piece.len());
    }
}
