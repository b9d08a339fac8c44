//! The journal port on the database: streams, snapshots, kept answers, heard notes.

use base_fault::{Code, Fault};
use base_ids::{MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::Answer;
use cell_runtime::port::{
    Append, Appended, HEARD_KEPT, Journal, Loaded, Reply, ReplyKey, StoredEvent,
};
use fjall::Slice;

use super::{IN_PLACE_MAX, is_empty, range};
use crate::{
    Embedded,
    codec::{self, Unreadable},
    key::{self, Kind},
    op::{Op, PreparedAppend},
    state::unreadable,
    store::View,
};

/// Keys that one step of a sweep forgets; each step is one write, so appends pass between them.
const SWEEP_STEP: usize = 256;

impl Journal for Embedded {
    fn append(&self, append: Append) -> Answer<'_, Appended> {
        // Encoded here, on the threads of the many, so that the one writer has little left to do.
        match PreparedAppend::of(append) {
            Ok(prepared) => self.write(move |reply| Op::Append(Box::new(prepared), reply)),
            Err(fault) => Box::pin(std::future::ready(Err(fault))),
        }
    }

    fn load<'a>(&'a self, stream: &'a StreamName, after: Version) -> Answer<'a, Loaded> {
        Box::pin(async move {
            let short = self.read(|view| load(view, stream, after, IN_PLACE_MAX)).await?;
            if let Some(loaded) = short {
                return Ok(loaded);
            }
            let stream = stream.clone();
            let long = move |view: &View<'_>| load(view, &stream, after, usize::MAX);
            Ok(self.read_long(long).await?.unwrap_or_default())
        })
    }

    fn events<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> Answer<'a, Vec<StoredEvent>> {
        if limit <= IN_PLACE_MAX {
            return self.read(move |view| events(view, stream, after, limit));
        }
        let stream = stream.clone();
        self.read_long(move |view| events(view, &stream, after, limit))
    }

    fn heard<'a>(
        &'a self,
        tenant: &'a Tenant,
        service: &'a str,
        id: MessageId,
    ) -> Answer<'a, Option<(StreamName, Version)>> {
        self.read(move |view| {
            let named = key::heard(tenant, service, id);
            let Some(note) = view.get(&named.place)? else {
                return Ok(None);
            };
            let Some(note) = codec::read_heard(&named.name, &note).map_err(unreadable)? else {
                return Ok(None);
            };
            let stream = StreamName::new(tenant.clone(), service, &note.key).map_err(unreadable)?;
            Ok(Some((stream, note.version)))
        })
    }

    fn reply<'a>(&'a self, tenant: &'a Tenant, key: &'a ReplyKey) -> Answer<'a, Option<Reply>> {
        self.read(move |view| {
            let named = key::reply(tenant, key);
            match view.get(&named.place)? {
                Some(kept) => codec::read_reply(&named.name, &kept).map_err(unreadable),
                None => Ok(None),
            }
        })
    }

    fn streams<'a>(
        &'a self,
        tenant: &'a Tenant,
        service: Option<&'a str>,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Vec<(StreamName, Version)>> {
        let tenant = tenant.clone();
        let service = service.map(str::to_owned);
        let after = after.map(str::to_owned);
        self.read_long(move |view| {
            streams(view, &tenant, service.as_deref(), after.as_deref(), limit)
        })
    }

    fn sweep(&self, now: Timestamp) -> Answer<'_, usize> {
        Box::pin(async move {
            let over = self.read_long(move |view| over(view, now)).await?;
            let mut count = 0;
            for step in over.chunks(SWEEP_STEP) {
                count += self.write(|reply| Op::Forget(step.to_vec(), reply)).await?;
            }
            Ok(count)
        })
    }
}

/// `None` if there are more events than `limit`.
fn load(
    view: &View<'_>,
    stream: &StreamName,
    after: Version,
    limit: usize,
) -> Result<Option<Loaded>, Fault> {
    let snapshot = view
        .get(key::snapshot(stream))?
        .map(|value| codec::read_versioned(&value).map_err(unreadable))
        .transpose()?
        .filter(|(at, _)| *at > after);
    let from = snapshot.as_ref().map_or(after, |(at, _)| *at);
    let events = events(view, stream, from, limit.saturating_add(1))?;
    Ok((events.len() <= limit).then_some(Loaded { snapshot, events }))
}

fn events(
    view: &View<'_>,
    stream: &StreamName,
    after: Version,
    limit: usize,
) -> Result<Vec<StoredEvent>, Fault> {
    let prefix = key::events(stream);
    let after_key = key::event(&prefix, after).to_vec();
    let range = range(prefix.to_vec(), Some(after_key));
    view.range(range)
        .take(limit)
        .zip(after.0.saturating_add(1)..)
        .map(|(found, expected)| {
            let (place, value) = found?;
            // Invariant journal-1: versions have no gaps.
            match key::version_of_event(&place) {
                Some(version) if version.0 == expected => {
                    codec::read_event(version, &value).map_err(unreadable)
                }
                _ => Err(Fault::ours(
                    Code::StoreBroken,
                    format!("event {expected} of stream {stream} is missing; restore the store from a backup"),
                )),
            }
        })
        .collect()
}

/// Leaps from stream to stream: to its first event, to its last, behind it.
fn streams(
    view: &View<'_>,
    tenant: &Tenant,
    service: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(StreamName, Version)>, Fault> {
    let tenant_prefix = key::events_of(tenant, None);
    let prefix = key::events_of(tenant, service);
    let mut after = after.map(|name| behind_stream(&tenant_prefix, tenant, name));
    let mut found = Vec::new();
    while found.len() < limit {
        let rest = range(prefix.clone(), after.take());
        if is_empty(&rest) {
            break;
        }
        let Some(first) = view.range(rest).next() else {
            break;
        };
        let (first, _) = first?;
        let name = key::stream_of_event(&first, tenant_prefix.len());
        let (service, key) = name.ok_or_else(|| unreadable(Unreadable("an event's key")))?;
        let stream = StreamName::new(tenant.clone(), service, key).map_err(unreadable)?;
        let events = key::events(&stream);
        let newest = view.range(range(events.to_vec(), None)).next_back().transpose()?;
        let version = newest.and_then(|(place, _)| key::version_of_event(&place));
        found.push((stream, version.unwrap_or_default()));
        after = key::behind(&events);
    }
    Ok(found)
}

/// A key behind all events of the streams up to `name`, and in front of those after it. A stream's name is `<tenant>/<service>/<key>`;
/// in a key zero bytes stand for the slashes behind the tenant.
fn behind_stream(tenant_prefix: &[u8], tenant: &Tenant, name: &str) -> Vec<u8> {
    let own = format!("{tenant}/");
    match name.strip_prefix(&own) {
        Some(path) => {
            let mut behind = tenant_prefix.to_vec();
            behind.extend(path.bytes().map(|byte| if byte == b'/' { 0 } else { byte }));
            behind.push(0);
            if path.contains('/') {
                // Without this, a service alone stands in front of its streams.
                behind.extend([u8::MAX; 8]);
            }
            behind
        }
        None if *name < *own => tenant_prefix.to_vec(),
        None => vec![u8::MAX],
    }
}

/// The keys of what is over at `now`.
fn over(view: &View<'_>, now: Timestamp) -> Result<Vec<Slice>, Fault> {
    let mut over = Vec::new();
    for found in view.range(range(vec![Kind::Reply as u8], None)) {
        let (place, reply) = found?;
        if codec::read_time(&reply).map_err(unreadable)? <= now {
            over.push(place);
        }
    }
    for found in view.range(range(vec![Kind::Heard as u8], None)) {
        let (place, note) = found?;
        let since = codec::read_time(&note).map_err(unreadable)?;
        if since.after(HEARD_KEPT) <= now {
            over.push(place);
        }
    }
    Ok(over)
}
