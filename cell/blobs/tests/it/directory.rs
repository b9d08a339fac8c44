//! What only a directory can meet.

use std::{fs, path::PathBuf, process::Command};

use base_fault::{Code, chain};
use base_testkit::{Scratch, skipped};
use cell_blobs::{Blobs, Config, Kept, Listed, Promised};
use futures_util::TryStreamExt as _;

use crate::{
    given::{LARGE, keep, name_of, pdf, pieces, promised, read},
    subject::{Subject, server},
};

/// A disk of two megabytes; gone when dropped.
struct Disk(PathBuf);

impl Disk {
    /// None where a test may not mount.
    fn new(at: PathBuf) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(&at).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then_some(Self(at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_left_of_what_did_not_fit() {
    let home = Scratch::new("blobs").unwrap();
    let Some(disk) = Disk::new(home.path().join("disk")) else {
        skipped(
            "a_full_disk_is_said_and_nothing_is_left_of_what_did_not_fit",
            "the right to mount a disk of its own",
        );
        return;
    };
    let config = Config { directory: disk.0.clone(), s3: None };
    let blobs = Blobs::open(&config).await.unwrap();
    for len in [3_000_000, LARGE] {
        let bytes = pdf(len, 1);
        let name = name_of("vendors/atlas/documents", &bytes);
        let fault = blobs.keep(&name, promised(&bytes), pieces(&bytes)).await.unwrap_err();
        assert_eq!(fault.code(), Code::Unavailable);
        let said = chain(&fault);
        for word in ["to keep a blob", disk.0.to_str().unwrap(), "how much room is left"] {
            assert!(said.contains(word), "{said}");
        }
        assert_eq!(blobs.look(&name).await.unwrap(), None);
    }
    // There is room again at once for what fits.
    let fits = pdf(1_500_000, 2);
    let kept = base_testkit::eventually(std::time::Duration::from_secs(5), async || {
        let name = name_of("vendors/atlas/documents", &fits);
        blobs.keep(&name, promised(&fits), pieces(&fits)).await
    });
    assert_eq!(kept.await.unwrap(), Kept::New);
}

#[tokio::test]
async fn a_copy_of_the_directory_is_a_backup() {
    let home = Scratch::new("blobs").unwrap();
    let config = |name: &str| Config { directory: home.path().join(name), s3: None };
    let blobs = Blobs::open(&config("blobs")).await.unwrap();
    let bytes = [pdf(1_000, 1), pdf(LARGE, 2)];
    let (first, _) = keep(&blobs, &bytes[0]).await;
    let (second, _) = keep(&blobs, &bytes[1]).await;
    let copy =
        Command::new("cp").args(["-a", "blobs", "restored"]).current_dir(home.path()).status();
    assert!(copy.unwrap().success());
    let restored = Blobs::open(&config("restored")).await.unwrap();
    assert!(read(&restored, &first).await.unwrap() == bytes[0]);
    assert!(read(&restored, &second).await.unwrap() == bytes[1]);
    assert_eq!(keep(&restored, &bytes[0]).await.1, Kept::Already);
}

/// Copies every blob of a tenant.
async fn copy(from: &Blobs, to: &Blobs) {
    let listed: Vec<Listed> = from.list("vendors/atlas").unwrap().try_collect().await.unwrap();
    for Listed { name, .. } in listed {
        let found = from.read(&name).await.unwrap().unwrap();
        let promised = Promised { size: found.size, media_type: found.media_type };
        assert_eq!(to.keep(&name, promised, found.pieces).await.unwrap(), Kept::New);
    }
}

#[tokio::test]
async fn a_tenants_blobs_go_from_a_bucket_into_a_directory_and_back() {
    let test = "a_tenants_blobs_go_from_a_bucket_into_a_directory_and_back";
    let Some(address) = server(test) else { return };
    let (lost, backup, restored) =
        (Subject::s3(&address).await, Subject::directory().await, Subject::s3(&address).await);
    let bytes = [pdf(1_000, 1), pdf(LARGE, 2)];
    for each in &bytes {
        keep(&lost.blobs, each).await;
    }
    copy(&lost.blobs, &backup.blobs).await;
    copy(&backup.blobs, &restored.blobs).await;
    for each in &bytes {
        let name = name_of("vendors/atlas/documents", each);
        assert!(read(&restored.blobs, &name).await.unwrap() == *each);
    }
}
