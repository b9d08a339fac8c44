//! Values as bytes: a compact hand-written form, each value with its format number in front.
//!
//! JSON would store the bytes of a message as a list of numbers, and a derived format would change with the order of a type's fields.

use base_ids::{Generation, MessageId, Tenant, Version};
use base_time::Timestamp;
use cell_runtime::port::{
    DeadLetter, Errand, Fence, Message, NewEvent, OutboxEntry, Reply, StoredEvent,
};
use fjall::Slice;

mod bytes;

pub(crate) use bytes::Unreadable;
use bytes::{In, Out};

/// The form in which this build writes.
const FORMAT: u8 = 1;

fn read<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut In<'a>) -> Result<T, Unreadable>,
) -> Result<T, Unreadable> {
    let mut input = In::new(bytes);
    match input.byte()? {
        FORMAT => read(&mut input),
        _ => Err(Unreadable("a format of another version")),
    }
}

fn write(capacity: usize, write: impl FnOnce(&mut Out)) -> Slice {
    let mut out = Out::with_capacity(capacity + 1);
    out.byte(FORMAT);
    write(&mut out);
    Slice::from(out.into_bytes())
}

pub(crate) fn event(event: &NewEvent, at: Timestamp) -> Slice {
    let cause = event.cause.as_deref();
    let cause_len = cause.map_or(0, <[u8]>::len);
    write(event.body.len() + cause_len + event.kind.len() + 24, |out| {
        out.time(at);
        out.text(event.kind);
        out.optional(cause, Out::bytes);
        out.rest(&event.body);
    })
}

pub(crate) fn read_event(version: Version, bytes: &[u8]) -> Result<StoredEvent, Unreadable> {
    read(bytes, |input| {
        Ok(StoredEvent {
            version,
            at: input.time()?,
            kind: input.text()?,
            cause: input.optional(In::bytes)?,
            body: input.rest(),
        })
    })
}

/// A row, or a snapshot: a version and bytes.
pub(crate) fn versioned(version: Version, bytes: &[u8]) -> Slice {
    write(bytes.len() + 8, |out| {
        out.number(version.0);
        out.rest(bytes);
    })
}

pub(crate) fn read_versioned(bytes: &[u8]) -> Result<(Version, Vec<u8>), Unreadable> {
    read(bytes, |input| Ok((Version(input.number()?), input.rest())))
}

pub(crate) fn number(number: u64) -> Slice {
    write(8, |out| out.number(number))
}

pub(crate) fn read_number(bytes: &[u8]) -> Result<u64, Unreadable> {
    read(bytes, In::number)
}

/// Where a message was heard; the tenant and the service are known to who asks.
pub(crate) struct HeardNote {
    pub(crate) key: String,
    pub(crate) version: Version,
}

pub(crate) fn heard(name: &[u8], stream_key: &str, version: Version, at: Timestamp) -> Slice {
    write(name.len() + stream_key.len() + 24, |out| {
        out.time(at);
        out.bytes(name);
        out.number(version.0);
        out.text(stream_key);
    })
}

/// `None` if the note stands under another name.
pub(crate) fn read_heard(name: &[u8], bytes: &[u8]) -> Result<Option<HeardNote>, Unreadable> {
    read(bytes, |input| {
        input.time()?;
        if input.slice()? != name {
            return Ok(None);
        }
        let version = Version(input.number()?);
        Ok(Some(HeardNote { version, key: input.text()? }))
    })
}

pub(crate) fn reply(name: &[u8], reply: &Reply) -> Slice {
    let (fine, answer) = match &reply.answer {
        Ok(answer) => (1, answer),
        Err(answer) => (0, answer),
    };
    write(name.len() + answer.len() + 44, |out| {
        out.time(reply.until);
        out.bytes(name);
        out.number(reply.version.0);
        out.long(reply.request);
        out.byte(fine);
        out.rest(answer);
    })
}

/// `None` if the answer stands under another name.
pub(crate) fn read_reply(name: &[u8], bytes: &[u8]) -> Result<Option<Reply>, Unreadable> {
    read(bytes, |input| {
        let until = input.time()?;
        if input.slice()? != name {
            return Ok(None);
        }
        let version = Version(input.number()?);
        let request = input.long()?;
        let fine = input.byte()? == 1;
        let answer = input.rest();
        let answer = if fine { Ok(answer) } else { Err(answer) };
        Ok(Some(Reply { request, answer, version, until }))
    })
}

/// The time in front of a kept answer (until when) or of a note of a heard message (since when), without reading the rest.
pub(crate) fn read_time(bytes: &[u8]) -> Result<Timestamp, Unreadable> {
    read(bytes, In::time)
}

fn put_message(out: &mut Out, message: &Message) {
    out.long(message.id.0.as_u128());
    out.text(&message.from.to_string());
    out.number(message.version.0);
    out.text(&message.kind);
    out.bytes(&message.body);
    out.time(message.at);
    out.optional(message.trace.as_ref(), |out, trace| out.rest(trace));
}

fn message_size(message: &Message) -> usize {
    message.body.len() + message.kind.len() + 220
}

fn take_message(input: &mut In<'_>) -> Result<Message, Unreadable> {
    Ok(Message {
        id: MessageId(uuid::Uuid::from_u128(input.long()?)),
        from: input.parsed()?,
        version: Version(input.number()?),
        kind: input.text()?,
        body: input.bytes()?,
        at: input.time()?,
        trace: input.optional(In::chunk)?,
    })
}

fn put_errand(out: &mut Out, errand: &Errand) {
    match errand {
        Errand::Deliver { to, service, message } => {
            out.byte(0);
            out.text(to.as_str());
            out.text(service);
            put_message(out, message);
        }
        Errand::Perform { message } => {
            out.byte(1);
            put_message(out, message);
        }
    }
}

fn take_errand(input: &mut In<'_>) -> Result<Errand, Unreadable> {
    match input.byte()? {
        0 => Ok(Errand::Deliver {
            to: input.parsed::<Tenant>()?,
            service: input.text()?,
            message: take_message(input)?,
        }),
        1 => Ok(Errand::Perform { message: take_message(input)? }),
        _ => Err(Unreadable("an errand of an unknown kind")),
    }
}

pub(crate) fn entry(entry: &OutboxEntry) -> Slice {
    write(message_size(entry.errand.message()) + 120, |out| {
        out.optional(entry.due.as_ref(), |out, due| out.time(*due));
        out.short(entry.tries);
        put_errand(out, &entry.errand);
    })
}

pub(crate) fn read_entry(bytes: &[u8]) -> Result<OutboxEntry, Unreadable> {
    read(bytes, |input| {
        Ok(OutboxEntry {
            due: input.optional(In::time)?,
            tries: input.short()?,
            errand: take_errand(input)?,
        })
    })
}

pub(crate) fn letter(letter: &DeadLetter) -> Slice {
    let size = message_size(letter.errand.message()) + letter.why.len() + 120;
    write(size, |out| {
        out.time(letter.at);
        out.short(letter.tries);
        out.text(&letter.why);
        put_errand(out, &letter.errand);
    })
}

pub(crate) fn read_letter(bytes: &[u8]) -> Result<DeadLetter, Unreadable> {
    read(bytes, |input| {
        Ok(DeadLetter {
            at: input.time()?,
            tries: input.short()?,
            why: input.text()?,
            errand: take_errand(input)?,
        })
    })
}

/// A message for everyone, with the key under which a log that keeps only the newest would keep it.
pub(crate) fn public(key: &str, message: &Message) -> Slice {
    write(message_size(message) + key.len(), |out| {
        out.text(key);
        put_message(out, message);
    })
}

pub(crate) fn read_public(bytes: &[u8]) -> Result<(String, Message), Unreadable> {
    read(bytes, |input| Ok((input.text()?, take_message(input)?)))
}

/// The position of the newest message of a key and kind.
pub(crate) fn newest_public(name: &[u8], position: u64) -> Slice {
    write(name.len() + 8, |out| {
        out.number(position);
        out.rest(name);
    })
}

/// `None` if the note stands under another name.
pub(crate) fn read_newest_public(name: &[u8], bytes: &[u8]) -> Result<Option<u64>, Unreadable> {
    read(bytes, |input| {
        let position = input.number()?;
        Ok((input.rest() == name).then_some(position))
    })
}

pub(crate) fn fence(fence: Fence) -> Slice {
    write(9, |out| {
        out.byte(u8::from(matches!(fence, Fence::Open(_))));
        out.number(fence.generation().0);
    })
}

pub(crate) fn read_fence(bytes: &[u8]) -> Result<Fence, Unreadable> {
    read(bytes, |input| {
        let open = input.byte()? == 1;
        let generation = Generation(input.number()?);
        Ok(if open { Fence::Open(generation) } else { Fence::Closed(generation) })
    })
}

/// Two numbers: a group and the commit that it ended with.
pub(crate) fn group(group: u64, commit: u64) -> Slice {
    write(16, |out| {
        out.number(group);
        out.number(commit);
    })
}

pub(crate) fn read_group(bytes: &[u8]) -> Result<(u64, u64), Unreadable> {
    read(bytes, |input| Ok((input.number()?, input.number()?)))
}

pub(crate) fn birth(store: uuid::Uuid) -> Slice {
    write(16, |out| out.long(store.as_u128()))
}

pub(crate) fn read_birth(bytes: &[u8]) -> Result<uuid::Uuid, Unreadable> {
    read(bytes, |input| Ok(uuid::Uuid::from_u128(input.long()?)))
}
