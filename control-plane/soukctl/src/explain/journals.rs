//! Reads streams and fates of messages in whichever cell has them.

use base_ids::{StreamName, Tenant};
use souk_proto_fleet::v1::{
    ListStreamsRequest, ShowStreamRequest, StreamEvent, Told, WhoHeardRequest,
};

use crate::{explain::Purchase, reach::Reach, trouble::Trouble};

/// Events of a stream, with the cell that has them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) cell: String,
    pub(crate) events: Vec<StreamEvent>,
    pub(crate) head: u64,
}

/// What a walk must learn from cells.
pub(crate) trait Journals {
    /// Up to `limit` events behind version `after`.
    async fn show(&mut self, stream: &StreamName, after: u64, limit: u32) -> Result<Page, Trouble>;

    /// What became of a message that was told to a tenant.
    async fn fate(&mut self, tenant: &Tenant, told: &Told) -> Result<Fate, Trouble>;
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// This stream heard it, and had this version then.
    Heard(StreamName, u64),
    /// Nobody has heard it yet.
    Waits,
    /// It was a reminder of something that is done.
    CalledOff,
}

/// The cells of the fleet.
pub(crate) struct FleetJournals<'r> {
    pub(crate) reach: &'r mut Reach,
}

impl FleetJournals<'_> {
    /// The streams that a purchase starts from: those that its name says, or else those of its tenant that mention it.
    pub(crate) async fn starts(&mut self, purchase: &Purchase) -> Result<Vec<StreamName>, Trouble> {
        for stream in purchase.streams() {
            if self.show(&stream, 0, 1).await?.head > 0 {
                return Ok(vec![stream]);
            }
        }
        let home = self.reach.home(&purchase.tenant).await?;
        let request = ListStreamsRequest {
            tenant: purchase.tenant.to_string(),
            service: String::new(),
            limit: u32::MAX,
        };
        let answer = home.ask(async |admin| admin.list_streams(request).await).await?;
        let names = answer.streams.iter().filter_map(|head| head.stream.parse::<StreamName>().ok());
        let about: Vec<_> = names.filter(|stream| purchase.is_about(stream)).collect();
        if about.is_empty() {
            return Err(Trouble::Refused(format!(
                "there is no {purchase} in {}, where {} lives",
                home.id, purchase.tenant
            )));
        }
        Ok(about)
    }
}

impl Journals for FleetJournals<'_> {
    async fn show(&mut self, stream: &StreamName, after: u64, limit: u32) -> Result<Page, Trouble> {
        let home = self.reach.home(&stream.tenant).await?;
        let request = ShowStreamRequest { stream: stream.to_string(), after, limit };
        let answer = home.ask(async |admin| admin.show_stream(request).await).await?;
        Ok(Page { cell: home.id, events: answer.events, head: answer.head })
    }

    async fn fate(&mut self, tenant: &Tenant, told: &Told) -> Result<Fate, Trouble> {
        let home = self.reach.home(tenant).await?;
        let request = WhoHeardRequest {
            tenant: tenant.to_string(),
            service: told.to_service.clone(),
            id: told.id.clone(),
            due_ms: told.due_ms,
        };
        let answer = home.ask(async |admin| admin.who_heard(request).await).await?;
        if answer.stream.is_empty() {
            return Ok(if answer.called_off { Fate::CalledOff } else { Fate::Waits });
        }
        let parsed = answer.stream.parse();
        let stream = parsed.map_err(|error| Trouble::Refused(format!("{}: {error}", home.id)))?;
        Ok(Fate::Heard(stream, answer.version))
    }
}
