//! The journal port: streams, snapshots, kept answers, notes of what was heard.

use base_fault::{Code, Fault};
use base_ids::{MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_kernel::Answer;
use cell_runtime::port::{Append, Appended, Journal, Loaded, Reply, ReplyKey, StoredEvent};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{AT_ONCE, Ports, limit as as_limit};
use crate::{
    codec::Unreadable,
    parts::{first_part_behind, goes_on_behind},
    store::Store,
};

/// Behind every path: no text has such a character behind it.
const LAST: &str = "\u{10ffff}";

impl Journal for Ports {
    fn append(&self, append: Append) -> Answer<'_, Appended> {
        Box::pin(self.0.append(append))
    }

    fn load<'a>(&'a self, stream: &'a StreamName, after: Version) -> Answer<'a, Loaded> {
        Box::pin(async move {
            self.0.resolve_doubts_of(&stream.tenant).await?;
            self.0.load(stream, after).await
        })
    }

    fn events<'a>(
        &'a self,
        stream: &'a StreamName,
        after: Version,
        limit: usize,
    ) -> Answer<'a, Vec<StoredEvent>> {
        Box::pin(async move {
            self.0.resolve_doubts_of(&stream.tenant).await?;
            self.0.events(stream, after, limit).await
        })
    }

    fn heard<'a>(
        &'a self,
        tenant: &'a Tenant,
        service: &'a str,
        id: MessageId,
    ) -> Answer<'a, Option<(StreamName, Version)>> {
        Box::pin(async move {
            self.0.resolve_doubts_of(tenant).await?;
            self.0.find_heard(tenant, service, id).await
        })
    }

    fn reply<'a>(&'a self, tenant: &'a Tenant, key: &'a ReplyKey) -> Answer<'a, Option<Reply>> {
        Box::pin(async move {
            self.0.resolve_doubts_of(tenant).await?;
            self.0.read_reply(tenant, key).await
        })
    }

    fn streams<'a>(
        &'a self,
        tenant: &'a Tenant,
        service: Option<&'a str>,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Vec<(StreamName, Version)>> {
        Box::pin(async move {
            self.0.resolve_doubts_of(tenant).await?;
            self.0.streams(tenant, service, after, limit).await
        })
    }

    /// The engine forgets by itself what is over.
    fn sweep(&self, _: Timestamp) -> Answer<'_, usize> {
        Box::pin(std::future::ready(Ok(0)))
    }
}

impl Store {
    async fn load(&self, stream: &StreamName, after: Version) -> Result<Loaded, Fault> {
        let snapshot = self.snapshot(stream);
        if after == Version(0) {
            // Nothing is known yet: the events in front of a snapshot are not read.
            let snapshot = snapshot.await?;
            let from = snapshot.as_ref().map_or(after, |(at, _)| *at);
            let events = self.events(stream, from, usize::MAX).await?;
            return Ok(Loaded { snapshot, events });
        }
        let events = self.events(stream, after, usize::MAX);
        let (snapshot, mut events) = futures_util::try_join!(snapshot, events)?;
        let snapshot = snapshot.filter(|(at, _)| *at > after);
        if let Some((at, _)) = &snapshot {
            events.retain(|event| event.version > *at);
        }
        Ok(Loaded { snapshot, events })
    }

    async fn snapshot(&self, stream: &StreamName) -> Result<Option<(Version, Vec<u8>)>, Fault> {
        let values = (stream.tenant.as_str(), &*stream.service, &*stream.key);
        let found: Option<(i64, Vec<u8>)> =
            self.cql.find("read a snapshot", &self.cql.say.snapshot, values).await?;
        Ok(found.map(|(version, state)| (Version(u64::try_from(version).unwrap_or(0)), state)))
    }

    async fn events(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, Fault> {
        let mut events: Vec<StoredEvent> = Vec::new();
        let mut head = after;
        let mut part = first_part_behind(after);
        while events.len() < limit {
            let more = self.events_in(stream, part, head, limit - events.len()).await?;
            for event in more {
                // Invariant journal-1: versions have no gaps.
                if event.version != head.next() {
                    let text = format!(
                        "event {} of stream {stream} is missing; restore the keyspace from a backup",
                        head.next()
                    );
                    return Err(Fault::ours(Code::StoreBroken, text));
                }
                head = event.version;
                events.push(event);
            }
            if !goes_on_behind(part, head) {
                break;
            }
            part += 1;
        }
        Ok(events)
    }

    async fn events_in(
        &self,
        stream: &StreamName,
        part: u64,
        after: Version,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, Fault> {
        type Row = (i64, Option<String>, Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>);
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (tenant, service, key) = (stream.tenant.as_str(), &*stream.service, &*stream.key);
        let (part, after) = (number(part), number(after.0));
        let values = (tenant, service, key, part, after, as_limit(limit));
        let rows: Vec<Row> = self.cql.read("read events", &self.cql.say.events, values).await?;
        let event = |(version, kind, at, body, cause): Row| StoredEvent {
            version: Version(u64::try_from(version).unwrap_or(0)),
            kind: kind.unwrap_or_default(),
            at: Timestamp::from_millis(at.unwrap_or(0)),
            body: body.unwrap_or_default(),
            cause,
        };
        Ok(rows.into_iter().map(event).collect())
    }

    pub(crate) async fn find_heard(
        &self,
        tenant: &Tenant,
        service: &str,
        id: MessageId,
    ) -> Result<Option<(StreamName, Version)>, Fault> {
        let values = (tenant.as_str(), service, id.0);
        let found: Option<(String, i64)> =
            self.cql.find("look for what was heard", &self.cql.say.heard, values).await?;
        let place = |(key, version): (String, i64)| {
            let stream = StreamName::new(tenant.clone(), service, &key);
            let stream = stream.map_err(|error| Unreadable(error.to_string()))?;
            Ok((stream, Version(u64::try_from(version).unwrap_or(0))))
        };
        found.map(place).transpose()
    }

    async fn streams(
        &self,
        tenant: &Tenant,
        service: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(StreamName, Version)>, Fault> {
        let (after, before) = span(tenant, service, after);
        let values = (tenant.as_str(), after, before, as_limit(limit));
        let rows: Vec<(String,)> =
            self.cql.read("list streams", &self.cql.say.list_streams, values).await?;
        let versioned = async |(path,): (String,)| {
            let name = format!("{tenant}/{path}").parse();
            let name: StreamName = name.map_err(|_| Unreadable(format!("stream {path}")))?;
            let version = self.standing(&name, Version(0)).await?.head;
            Ok((name, version))
        };
        let rows = stream::iter(rows.into_iter().take(limit));
        rows.map(versioned).buffered(AT_ONCE).try_collect().await
    }
}

/// Between which paths, both exclusive, the streams lie that are asked for.
fn span(tenant: &Tenant, service: Option<&str>, after: Option<&str>) -> (String, String) {
    // `0` is the character behind the slash.
    let (first, last) = match service {
        Some(service) => (format!("{service}/"), format!("{service}0")),
        None => (String::new(), LAST.to_owned()),
    };
    let own = format!("{tenant}/");
    let after = match after {
        None => String::new(),
        Some(after) => match after.strip_prefix(&own) {
            Some(path) => path.to_owned(),
            None if after < own.as_str() => String::new(),
            None => LAST.to_owned(),
        },
    };
    (first.max(after), last)
}

#[cfg(test)]
mod tests {
    use super::{LAST, span};

    #[test]
    fn a_page_of_streams_begins_behind_the_name_that_is_given() {
        let tenant = "users/a".parse().unwrap();
        for (service, after, first, last) in [
            (None, None, "", LAST),
            (Some("carts"), None, "carts/", "carts0"),
            (Some("carts"), Some("users/a/carts/b"), "carts/b", "carts0"),
            (Some("carts"), Some("users/a/cart/z"), "carts/", "carts0"),
            (None, Some("users/a"), "", LAST),
            (None, Some("users/a/carts"), "carts", LAST),
            (None, Some("users/b"), LAST, LAST),
        ] {
            assert_eq!(span(&tenant, service, after), (first.to_owned(), last.to_owned()));
        }
    }
}
