//! Messages and outcomes between their form in the runtime and the one on the wire.

use std::time::Duration;

use base_fault::{Code, Fault, Retry, Source};
use base_ids::{MessageId, Version};
use base_time::Timestamp;
use cell_runtime::{
    mesh::{Addressed, Delivery},
    port::Message,
};
use souk_proto_fleet::v1::{self, delivery_outcome::Kind};

pub(crate) fn message_to_wire(message: &Message) -> v1::Message {
    v1::Message {
        id: message.id.0.as_bytes().to_vec().into(),
        from_stream: message.from.to_string(),
        from_version: message.version.0,
        to_tenant: String::new(),
        to_service: String::new(),
        kind: message.kind.clone(),
        body: message.body.clone().into(),
        told_ms: message.at.as_millis(),
        trace: message.trace.map(|trace| trace.to_vec()).unwrap_or_default().into(),
    }
}

pub(crate) fn addressed_to_wire(addressed: &Addressed) -> v1::Message {
    let mut wire = message_to_wire(&addressed.message);
    wire.to_tenant = addressed.to.to_string();
    wire.to_service.clone_from(&addressed.service);
    wire
}

pub(crate) fn message_of_wire(wire: &v1::Message) -> Result<Message, Fault> {
    let wrong = |text: String| Fault::caller(Code::Malformed, text);
    Ok(Message {
        id: id_of_wire(&wire.id)?,
        from: wire.from_stream.parse().map_err(|error| wrong(format!("{error}")))?,
        version: Version(wire.from_version),
        kind: wire.kind.clone(),
        body: wire.body.to_vec(),
        at: Timestamp::from_millis(wire.told_ms),
        trace: trace_of_wire(&wire.trace),
    })
}

pub(crate) fn id_of_wire(bytes: &[u8]) -> Result<MessageId, Fault> {
    let id = uuid::Uuid::from_slice(bytes);
    id.map(MessageId).map_err(|_| Fault::caller(Code::Malformed, "a message's id has 16 bytes"))
}

pub(crate) fn trace_of_wire(bytes: &[u8]) -> Option<[u8; 16]> {
    bytes.try_into().ok()
}

pub(crate) fn addressed_of_wire(wire: &v1::Message) -> Result<Addressed, Fault> {
    let to = wire
        .to_tenant
        .parse()
        .map_err(|error| Fault::caller(Code::Malformed, format!("{error}")))?;
    Ok(Addressed { to, service: wire.to_service.clone(), message: message_of_wire(wire)? })
}

pub(crate) fn delivery_to_wire(delivery: &Delivery, epoch: u64) -> v1::DeliveryOutcome {
    let (kind, retry_ms, text) = match delivery {
        Delivery::Applied => (Kind::Applied, 0, String::new()),
        Delivery::Parked => (Kind::Parked, 0, String::new()),
        Delivery::NotMine => (Kind::NotMine, 0, String::new()),
        Delivery::Retry(fault) => {
            let retry = match fault.retry() {
                // 0 says that nobody asked to wait.
                Retry::After(wait) => u32::try_from(wait.as_millis()).unwrap_or(u32::MAX).max(1),
                Retry::Never | Retry::Same => 0,
            };
            (Kind::Retry, retry, format!("{}: {}", fault.code().as_str(), base_fault::chain(fault)))
        }
    };
    v1::DeliveryOutcome { kind: kind.into(), retry_ms, owner_cell: String::new(), epoch, text }
}

pub(crate) fn delivery_of_wire(wire: &v1::DeliveryOutcome) -> Delivery {
    match wire.kind() {
        Kind::Applied => Delivery::Applied,
        Kind::Parked => Delivery::Parked,
        Kind::NotMine => Delivery::NotMine,
        Kind::Retry | Kind::Unspecified => {
            let code = wire.text.split(':').next().unwrap_or_default();
            let code = Code::ALL
                .iter()
                .copied()
                .find(|known| known.as_str() == code)
                .unwrap_or(Code::Internal);
            let retry = match wire.retry_ms {
                0 => Retry::Same,
                wait => Retry::After(Duration::from_millis(u64::from(wait))),
            };
            Delivery::Retry(Fault::new(code, Source::Downstream, retry, wire.text.clone()))
        }
    }
}
