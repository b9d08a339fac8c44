//! Messages: events told to others in public words, and how a service turns what it hears into its own commands.

use std::collections::BTreeMap;

use base_ids::{MessageId, StreamName, Tenant, Version};
use base_time::Timestamp;

use crate::Decider;

/// A public word: a protobuf message with a full name, from the contract in `proto/`.
pub trait Words: prost::Message + prost::Name + Default + 'static {}

impl<M: prost::Message + prost::Name + Default + 'static> Words for M {}

/// What a service tells after an event. The runtime stores it with the event and relays it until it is heard.
#[derive(Debug, Default)]
pub struct Outbox {
    posted: Vec<Posted>,
    called_off: Vec<CalledOff>,
}

/// A reminder that need not come any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalledOff {
    /// Full name of its protobuf message.
    pub kind: String,
    /// Its encoded message.
    pub body: Vec<u8>,
}

/// One message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// To one service of one tenant, wherever it lives; not before `due`, if given.
    To {
        /// Whom.
        tenant: Tenant,
        /// Which of its services.
        service: &'static str,
        /// Full name of the protobuf message.
        kind: String,
        /// The encoded message.
        body: Vec<u8>,
        /// Not before this time.
        due: Option<Timestamp>,
    },
    /// To everyone, in every cell.
    Public {
        /// Messages of one key supersede each other.
        key: String,
        /// Full name of the protobuf message.
        kind: String,
        /// The encoded message.
        body: Vec<u8>,
    },
}

impl Outbox {
    /// Tells `service` of `tenant`.
    pub fn tell<M: Words>(&mut self, tenant: &Tenant, service: &'static str, message: &M) {
        self.post(tenant, service, message, None);
    }

    /// Tells oneself later: how a deadline becomes a command. Of several reminders of a stream in the same words the last one counts.
    pub fn remind<M: Words>(
        &mut self,
        tenant: &Tenant,
        service: &'static str,
        due: Timestamp,
        message: &M,
    ) {
        self.post(tenant, service, message, Some(due));
    }

    /// Calls off the stream's reminder in these words: what it waited for is over. It may come all the same (after a crash, or when
    /// it is on its way already), so hearing it late must change nothing.
    pub fn call_off<M: Words>(&mut self, message: &M) {
        let (kind, body) = (M::full_name(), message.encode_to_vec());
        self.called_off.push(CalledOff { kind, body });
    }

    /// Tells everyone. Messages of one `key` supersede each other, so each must say all that is to be known about it.
    pub fn publish<M: Words>(&mut self, key: impl Into<String>, message: &M) {
        self.posted.push(Posted::Public {
            key: key.into(),
            kind: M::full_name(),
            body: message.encode_to_vec(),
        });
    }

    /// The reminders that were called off.
    pub fn take_called_off(&mut self) -> Vec<CalledOff> {
        std::mem::take(&mut self.called_off)
    }

    /// What was posted, in order.
    pub fn into_posted(self) -> Vec<Posted> {
        self.posted
    }

    fn post<M: Words>(
        &mut self,
        tenant: &Tenant,
        service: &'static str,
        message: &M,
        due: Option<Timestamp>,
    ) {
        self.posted.push(Posted::To {
            tenant: tenant.clone(),
            service,
            kind: M::full_name(),
            body: message.encode_to_vec(),
            due,
        });
    }
}

/// A message as its listener gets it.
#[derive(Clone, Debug)]
pub struct Heard<'a> {
    /// The message's id; hearing it again changes nothing.
    pub id: MessageId,
    /// Full name of the protobuf message.
    pub kind: &'a str,
    /// The encoded message.
    pub body: &'a [u8],
    /// The stream whose event gave rise to it.
    pub from: &'a StreamName,
    /// That event's version.
    pub version: Version,
    /// When it was told.
    pub at: Timestamp,
}

impl Heard<'_> {
    /// Reads the message as `M`.
    pub fn read<M: Words>(&self) -> Result<M, Unreadable> {
        M::decode(self.body)
            .map_err(|error| Unreadable(format!("{} cannot be decoded: {error}", self.kind)))
    }
}

/// A message that its listener cannot make sense of. It is parked as a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    /// For `map_err`: the message has a field that is wrong.
    pub fn because(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

type ToCommand<D> =
    Box<dyn Fn(&Heard<'_>) -> Result<<D as Decider>::Command, Unreadable> + Send + Sync + 'static>;

/// What a service does when others speak or time passes: message → own command.
pub struct Listener<D: Decider> {
    by_kind: BTreeMap<String, ToCommand<D>>,
}

impl<D: Decider> Listener<D> {
    /// Hears nothing.
    pub fn new() -> Self {
        Self { by_kind: BTreeMap::new() }
    }

    /// Turns messages `M` into commands.
    pub fn on<M: Words>(
        mut self,
        to_command: impl Fn(&M, &Heard<'_>) -> Result<D::Command, Unreadable> + Send + Sync + 'static,
    ) -> Self {
        let read = move |heard: &Heard<'_>| to_command(&heard.read::<M>()?, heard);
        let before = self.by_kind.insert(M::full_name(), Box::new(read));
        debug_assert!(before.is_none(), "{} is listened to twice", M::full_name());
        self
    }

    /// The command that a message asks for; `None` if the service does not listen to such messages.
    pub fn hear(&self, heard: &Heard<'_>) -> Option<Result<D::Command, Unreadable>> {
        self.by_kind.get(heard.kind).map(|to_command| to_command(heard))
    }

    /// The kinds it listens to.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.by_kind.keys().map(String::as_str)
    }
}

impl<D: Decider> Default for Listener<D> {
    fn default() -> Self {
        Self::new()
    }
}
