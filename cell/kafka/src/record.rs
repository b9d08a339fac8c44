//! How a message looks in the log: protobuf with numbered fields, so that what is written today is read tomorrow.

use cell_runtime::{
    feed::Stretch,
    mesh::{Addressed, PublicBatch},
    port::{DeadLetter, Errand, Message},
    record::{MessageRecord, Unreadable},
};
use prost::Message as _;

#[derive(Clone, PartialEq, prost::Message)]
struct AddressedRecord {
    #[prost(string, tag = "1")]
    to: String,
    #[prost(string, tag = "2")]
    service: String,
    #[prost(message, optional, tag = "3")]
    message: Option<MessageRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StretchRecord {
    #[prost(string, tag = "1")]
    source: String,
    #[prost(uint64, tag = "2")]
    after: u64,
    #[prost(uint64, tag = "3")]
    head: u64,
    #[prost(message, repeated, tag = "4")]
    messages: Vec<PublicRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PublicRecord {
    #[prost(uint64, tag = "1")]
    position: u64,
    #[prost(message, optional, tag = "2")]
    message: Option<MessageRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct DeadRecord {
    /// Of a call to the outside world, nobody.
    #[prost(string, optional, tag = "1")]
    to: Option<String>,
    #[prost(string, tag = "2")]
    service: String,
    #[prost(message, optional, tag = "3")]
    message: Option<MessageRecord>,
    #[prost(string, tag = "4")]
    why: String,
    #[prost(uint32, tag = "5")]
    tries: u32,
    #[prost(sint64, tag = "6")]
    at: i64,
    /// A record that could not be read, as it was; then there is no message.
    #[prost(bytes = "vec", optional, tag = "7")]
    unreadable: Option<Vec<u8>>,
}

pub(crate) fn write(addressed: &Addressed) -> Vec<u8> {
    AddressedRecord {
        to: addressed.to.to_string(),
        service: addressed.service.clone(),
        message: Some(MessageRecord::of(&addressed.message)),
    }
    .encode_to_vec()
}

pub(crate) fn read(bytes: &[u8]) -> Result<Addressed, Unreadable> {
    let record = AddressedRecord::decode(bytes).map_err(|error| Unreadable(error.to_string()))?;
    let to = record.to.parse();
    let message = record.message.ok_or_else(|| Unreadable("it has no message".to_owned()))?;
    Ok(Addressed {
        to: to.map_err(|_| Unreadable(format!("`{}` is no tenant", record.to)))?,
        service: record.service,
        message: message.open()?,
    })
}

pub(crate) fn write_stretch(stretch: &Stretch) -> Vec<u8> {
    let public = |(position, message): &(u64, Message)| PublicRecord {
        position: *position,
        message: Some(MessageRecord::of(message)),
    };
    StretchRecord {
        source: stretch.source.to_string(),
        after: stretch.after,
        head: stretch.batch.head,
        messages: stretch.batch.messages.iter().map(public).collect(),
    }
    .encode_to_vec()
}

pub(crate) fn read_stretch(bytes: &[u8]) -> Result<Stretch, Unreadable> {
    let record = StretchRecord::decode(bytes).map_err(|error| Unreadable(error.to_string()))?;
    let source = record.source.parse();
    let public = |public: PublicRecord| {
        let message = public.message.ok_or_else(|| Unreadable("it has no message".to_owned()))?;
        Ok((public.position, message.open()?))
    };
    Ok(Stretch {
        source: source.map_err(|_| Unreadable(format!("`{}` is no cell", record.source)))?,
        after: record.after,
        batch: PublicBatch {
            messages: record.messages.into_iter().map(public).collect::<Result<_, _>>()?,
            head: record.head,
        },
    })
}

/// A dead letter: under which key, and what.
pub(crate) fn write_dead(letter: &DeadLetter) -> (String, Vec<u8>) {
    let (to, service) = match &letter.errand {
        Errand::Deliver { to, service, .. } => (Some(to.to_string()), service.clone()),
        Errand::Perform { message } => (None, message.from.service.to_string()),
    };
    let message = letter.errand.message();
    let key = to.clone().unwrap_or_else(|| message.from.tenant.to_string());
    let record = DeadRecord {
        to,
        service,
        message: Some(MessageRecord::of(message)),
        why: letter.why.clone(),
        tries: letter.tries,
        at: letter.at.as_millis(),
        unreadable: None,
    };
    (key, record.encode_to_vec())
}

/// A record that nobody can read, as a dead letter.
pub(crate) fn write_unreadable(bytes: &[u8], why: &Unreadable) -> Vec<u8> {
    let (why, unreadable) = (why.to_string(), Some(bytes.to_vec()));
    DeadRecord { why, unreadable, ..DeadRecord::default() }.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use base_ids::{MessageId, Version};
    use base_time::Timestamp;
    use cell_runtime::{
        feed::Stretch,
        mesh::{Addressed, PublicBatch},
        port::Message,
    };

    use super::{read, read_stretch, write, write_stretch};

    fn words(trace: Option<[u8; 16]>) -> Addressed {
        let from: base_ids::StreamName = "users/a/carts/main".parse().unwrap();
        let message = Message {
            id: MessageId(uuid::Uuid::from_bytes([7; 16])),
            version: Version(3),
            kind: "souk.carts.v1.LineAdded".to_owned(),
            body: vec![0, 255],
            at: Timestamp::from_millis(-1),
            trace,
            from,
        };
        Addressed { to: "vendors/atlas".parse().unwrap(), service: "inventory".to_owned(), message }
    }

    #[test]
    fn a_message_comes_back_whole() {
        for trace in [None, Some([9; 16])] {
            assert_eq!(read(&write(&words(trace))), Ok(words(trace)));
        }
    }

    #[test]
    fn a_record_of_today_is_read_tomorrow() {
        let golden: &[u8] = b"\x0a\x0dvendors/atlas\x12\x09inventory\x1aG\x0a\x10\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x12\x12users/a/carts/main\x18\x03\x22\x17souk.carts.v1.LineAdded\x2a\x02\x00\xff\x30\x01";
        assert_eq!(read(golden), Ok(words(None)));
        assert_eq!(write(&words(None)), golden);
    }

    #[test]
    fn a_stretch_comes_back_whole() {
        let messages = [(7, None), (9, Some([9; 16]))];
        let messages = messages.map(|(position, trace)| (position, words(trace).message)).into();
        let batch = PublicBatch { messages, head: 12 };
        let stretch = Stretch { source: "cell-1".parse().unwrap(), after: 3, batch };
        assert_eq!(read_stretch(&write_stretch(&stretch)), Ok(stretch));
    }

    #[test]
    fn where_a_log_stands_is_read_tomorrow() {
        let batch = PublicBatch { messages: Vec::new(), head: 300 };
        let stretch = Stretch { source: "cell-1".parse().unwrap(), after: 3, batch };
        let golden: &[u8] = b"\x0a\x06cell-1\x10\x03\x18\xac\x02";
        assert_eq!(read_stretch(golden), Ok(stretch.clone()));
        assert_eq!(write_stretch(&stretch), golden);
    }

    #[test]
    fn what_is_no_message_says_why() {
        for (bytes, word) in [(&b"\xff\xff"[..], "read back"), (b"", "no message")] {
            let said = read(bytes).unwrap_err().to_string();
            assert!(said.contains(word), "{said}");
        }
    }
}
