//! Follows what is written in etcd, through every break: from where it was, or from the whole if that is not kept any more.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cp_etcd::Kind;

use super::{
    Shared,
    mirror::{Lost, Mirror, News},
};

/// First and longest pause between two tries.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Why the watch must begin anew.
enum Broken {
    /// It may go on from where it was.
    Line(String),
    /// Everything has to be read again.
    Thread(String),
}

/// Follows until the task is dropped.
pub(super) async fn follow(shared: Arc<Shared>) {
    let mut pause = PAUSE_MIN;
    loop {
        let before = shared.mirror.lock().revision;
        let broken = watch(&shared).await;
        if shared.mirror.lock().revision > before {
            pause = PAUSE_MIN;
        }
        let read = match broken {
            Broken::Line(why) => Err(why),
            Broken::Thread(why) => {
                tracing::info!(why, "the fleet is read from etcd anew");
                read(&shared).await
            }
        };
        if let Err(why) = read {
            shared.troubled(Some(why));
        }
        shared.look();
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(PAUSE_MAX);
    }
}

async fn watch(shared: &Shared) -> Broken {
    let known = shared.mirror.lock().revision;
    let mut watch = match shared.client.watch(&shared.prefix, known + 1).await {
        Ok(watch) => watch,
        Err(error) if error.kind == Kind::Compacted => return Broken::Thread(error.to_string()),
        Err(error) => return Broken::Line(error.to_string()),
    };
    if watch.revision() < known {
        let text = format!("etcd is at revision {}, it was at {known} before", watch.revision());
        return Broken::Thread(text);
    }
    shared.troubled(None);
    loop {
        let events = match watch.next().await {
            Ok(events) => events,
            Err(error) if error.kind == Kind::Compacted => {
                return Broken::Thread(error.to_string());
            }
            Err(error) => return Broken::Line(error.to_string()),
        };
        let taken = {
            let mut mirror = shared.mirror.lock();
            let taken = mirror.take(&shared.prefix, &events);
            if let Ok(news) = taken {
                shared.tell(&mirror, news);
            }
            taken
        };
        match taken {
            Ok(news) if news.seat => drop(shared.look()),
            Ok(_) => {}
            Err(lost @ (Lost::Gap | Lost::Row(_))) => return Broken::Thread(lost.to_string()),
        }
    }
}

/// Reads everything, unless that is older than what is known: then etcd was emptied, or put back from a copy.
pub(super) async fn read(shared: &Shared) -> Result<(), String> {
    let read = Mirror::read(&shared.client, &shared.prefix).await;
    let read = read.map_err(|error| base_fault::chain(&error))?;
    let mut mirror = shared.mirror.lock();
    if read.head.commit < mirror.head.commit || read.head.epoch < mirror.head.epoch {
        // What it knows is not what others will know, so it must not lead them.
        shared.went_back.store(true, Ordering::Release);
        mirror.seat = read.seat;
        shared.tell(&mirror, News { fleet: false, seat: true });
        return Err(format!(
            "etcd ({}) ends at commit {}, but commit {} was seen: it was emptied or put back from an older copy; what was known \
             before is served on, and nothing is changed until this process is started anew",
            shared.client.at(),
            read.head.commit,
            mirror.head.commit
        ));
    }
    if read.head_at >= mirror.head_at || read.revision < mirror.revision {
        *mirror = read;
    }
    shared.tell(&mirror, News { fleet: true, seat: true });
    Ok(())
}
