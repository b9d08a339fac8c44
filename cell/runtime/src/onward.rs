//! A call that goes on to another tenant: whom it goes to is settled once under its idempotency key, before anybody is asked.

use std::{sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use base_ids::{Generation, StreamName, Tenant, Version};

use crate::{
    call::{Call, Unanswered},
    cell::Inner,
    ownership,
    port::{Append, Appended, Reply, ReplyKey},
    seal::Seal,
};

/// The stream whose appends keep the choices. It never gets an event: a choice is kept as answers are, and as long.
const STREAM: &str = "onward";

/// Invariant idem-1 for a call that is passed on: the same key goes the same way, and with another request nowhere. Whoever is
/// asked there keeps the answer.
pub(crate) struct Passage {
    stream: StreamName,
    key: ReplyKey,
    seal: Seal,
}

impl Passage {
    /// Of a call to `service` that has an idempotency key.
    pub(crate) fn of(service: &str, cell: &Inner, call: &Call) -> Result<Option<Self>, Fault> {
        let Some(key) = call.idempotency_key.clone() else { return Ok(None) };
        let stream = StreamName::new(call.tenant.clone(), service, STREAM)
            .map_err(|error| Fault::ours(Code::Internal, error.to_string()))?;
        let key = ReplyKey { caller: call.caller.name(), key };
        let seal = cell.seals.of(&call.tenant, &key, &call.method, &call.request);
        Ok(Some(Self { stream, key, seal }))
    }

    /// Whom the call went on to before, if it did.
    pub(crate) async fn known(&self, cell: &Inner) -> Result<Option<Tenant>, Unanswered> {
        let tenant = &self.stream.tenant;
        ownership::generation(&cell.table, &cell.id, tenant)?;
        let kept = cell.stores.journal.reply(tenant, &self.key).await?;
        kept.map(|kept| self.read(kept)).transpose()
    }

    /// Settles that the call goes on to `to`, durably. Answers with whom it goes to: somebody may have settled it meanwhile.
    pub(crate) async fn settle(
        &self,
        cell: &Arc<Inner>,
        to: &Tenant,
    ) -> Result<Tenant, Unanswered> {
        for _ in 0..=cell.config.races_max {
            let generation = ownership::generation(&cell.table, &cell.id, &self.stream.tenant)?;
            match cell.stores.journal.append(self.append(cell, generation, to)).await {
                Ok(Appended::Done { .. }) => return Ok(to.clone()),
                Ok(Appended::AlreadyReplied(kept)) => return self.read(kept),
                Ok(Appended::Fenced) => {
                    cell.metrics.fenced();
                    let epoch = cell.table.load().epoch();
                    let generation = Generation(0);
                    return Err(Unanswered::NotMine { owner: None, generation, epoch });
                }
                Ok(Appended::Conflict { .. } | Appended::AlreadyHeard { .. }) => break,
                // The same append again tells whether it happened.
                Err(fault) if fault.code() == Code::OutcomeUnknown => {
                    cell.metrics.unknown_outcome();
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        let text = "whom the request goes on to could not be settled; try again";
        Err(Fault::downstream(Code::Contended, Duration::from_millis(200), text).into())
    }

    fn append(&self, cell: &Inner, generation: Generation, to: &Tenant) -> Append {
        let at = cell.clock.now();
        let until = at.after(Duration::from_secs(cell.config.reply_hours * 3600));
        let answer = Ok(to.as_str().as_bytes().to_vec());
        let reply = self.seal.close(answer, Version(0), until);
        Append {
            stream: self.stream.clone(),
            generation,
            expected: Version(0),
            at,
            events: Vec::new(),
            rows: Vec::new(),
            outbox: Vec::new(),
            public: Vec::new(),
            reply: Some((self.key.clone(), reply)),
            heard: Vec::new(),
            settles: Vec::new(),
            snapshot: None,
        }
    }

    fn read(&self, kept: Reply) -> Result<Tenant, Unanswered> {
        let name = self.seal.open(kept)?.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let tenant = name.and_then(|name| name.parse().ok());
        tenant.ok_or_else(|| Fault::ours(Code::StoreBroken, "a kept choice names no tenant").into())
    }
}
