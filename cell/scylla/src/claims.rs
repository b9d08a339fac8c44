//! Making a stream under a key: whoever is about to says so and then looks who else has, so that of several pods one makes it.
//!
//! Invariant idem-1, across pods: two requests under one key that make streams of different names have no condition in common. Each
//! writes its claim at a quorum before it reads the others' claims at a quorum, and reads them before its append. So of two at least one
//! sees the other; it makes sure that the other's append is there, or never can be, before it goes on.

use std::{collections::HashSet, time::Duration};

use base_fault::{Code, Fault};
use base_ids::{StreamName, Version};
use cell_runtime::port::{Append, ReplyKey};
use uuid::Uuid;

use crate::{
    append::{RACES_MAX, name_of_stream},
    ground::Statics,
    mishaps::Step,
    pending::{Brought, Pending, reply_ttl},
    store::Store,
};

/// An append that would make a stream under a key.
pub(crate) struct Claim<'a> {
    append: &'a Append,
    key: &'a ReplyKey,
    /// Seconds that it stands, as long as the answer would be kept.
    ttl: i32,
    /// What its batch is known by.
    pub(crate) id: Uuid,
    is_written: bool,
    /// The stream's counter with which it was written.
    counter: Option<i64>,
    /// Others' tries that are there or never can be.
    settled: HashSet<Uuid>,
}

/// Another try under the same key.
pub(crate) struct Rival {
    append: Uuid,
    stream: StreamName,
    /// On whose standing still it is conditional.
    counter: Option<i64>,
}

impl<'a> Claim<'a> {
    /// None for an append that meets whatever happened under its key on its own stream.
    pub(crate) fn of(append: &'a Append) -> Option<Self> {
        let (key, reply) = append.reply.as_ref()?;
        let ttl = reply_ttl(append, reply);
        let id = Uuid::new_v4();
        let settled = HashSet::new();
        let claim = Self { append, key, ttl, id, is_written: false, counter: None, settled };
        (append.expected == Version(0)).then_some(claim)
    }

    /// Its batch failed: the next one is another try.
    pub(crate) fn renew(&mut self) {
        (self.id, self.is_written) = (Uuid::new_v4(), false);
    }

    /// Spreads those who meet each other in time.
    fn turn(&self) -> Duration {
        Duration::from_millis(u64::from(self.id.as_bytes()[0]) / 3)
    }
}

impl Store {
    /// Writes the claim, unless it stands already.
    pub(crate) async fn claim(
        &self,
        claim: &mut Claim<'_>,
        counter: Option<i64>,
    ) -> Result<(), Fault> {
        if claim.is_written && claim.counter == counter {
            return Ok(());
        }
        if claim.is_written {
            // Others may have judged it as it was written.
            claim.renew();
        }
        let stream = &claim.append.stream;
        let values = (
            stream.tenant.as_str(),
            &claim.key.caller,
            &claim.key.key,
            claim.id,
            &*stream.service,
            &*stream.key,
            counter,
            claim.ttl,
        );
        self.cql.write("claim a key", &self.cql.say.put_claim, values).await?;
        (claim.is_written, claim.counter) = (true, counter);
        Ok(())
    }

    /// The other tries under the key of which it is not known how they ended.
    pub(crate) async fn rivals(&self, claim: &Claim<'_>) -> Result<Vec<Rival>, Fault> {
        type Row = (Uuid, String, String, Option<i64>);
        let own = &claim.append.stream;
        let values = (own.tenant.as_str(), &claim.key.caller, &claim.key.key);
        let rows: Vec<Row> =
            self.cql.read("look who else claims a key", &self.cql.say.claims, values).await?;
        let others = rows.into_iter().filter(|(append, service, key, _)| {
            // On one stream the condition decides.
            let same = *own.service == **service && *own.key == **key;
            !same && !claim.settled.contains(append)
        });
        let rival = |(append, service, key, counter): Row| {
            let (service, key) = (service.into(), key.into());
            let stream = StreamName { tenant: own.tenant.clone(), service, key };
            Rival { append, stream, counter }
        };
        Ok(others.map(rival).collect())
    }

    /// Sees to it that each of them is there, with all that it brings, or never can be. The caller holds no lock.
    pub(crate) async fn settle_rivals(
        &self,
        claim: &mut Claim<'_>,
        rivals: Vec<Rival>,
    ) -> Result<(), Fault> {
        tokio::time::sleep(claim.turn()).await;
        for rival in rivals {
            let _turn = self.locks.hold(vec![name_of_stream(&rival.stream)]).await;
            self.settle_rival(claim.append, &rival).await?;
            claim.settled.insert(rival.append);
        }
        Ok(())
    }

    async fn settle_rival(&self, append: &Append, rival: &Rival) -> Result<(), Fault> {
        let mut failed = None;
        for _ in 0..RACES_MAX {
            let found = self.statics_for_certain(&rival.stream, 0).await?;
            let counter = found.as_ref().map(|found| found.counter);
            let is_there = found.as_ref().is_some_and(|found| found.append == rival.append);
            // An append is replaced only when what it brings was made true; one that was not there by then cannot come any more.
            if !is_there && counter != rival.counter {
                return Ok(());
            }
            if let Some(found) = &found {
                self.spread_found(&rival.stream, found).await?;
            }
            if is_there {
                return Ok(());
            }
            match self.preclude(append, rival, found.as_ref()).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(fault) => failed = Some(fault),
            }
        }
        let text = "others try the same key again and again";
        Err(failed.unwrap_or_else(|| Fault::downstream(Code::Contended, Duration::ZERO, text)))
    }

    /// Takes the place of an append that has not come: an append without events that brings nothing. Whether it was in time.
    async fn preclude(
        &self,
        append: &Append,
        rival: &Rival,
        found: Option<&Statics>,
    ) -> Result<bool, Fault> {
        let Rival { stream, counter, .. } = rival;
        let commit = self.commits.begin();
        let nothing = Brought {
            stream: stream.clone(),
            counter: counter.unwrap_or(0) + 1,
            head: found.map_or(0, |found| i64::try_from(found.head.0).unwrap_or(i64::MAX)),
            commit,
            pending: Pending::default(),
        };
        let batch = self.cql.move_on(&nothing, 0, *counter, Uuid::new_v4(), append.generation);
        let step = Some(Step::Preclude);
        let written = self.cql.write_together_if("take a claim away", &batch, step).await;
        // Nothing of it is left to be made true, however it ended.
        self.commits.end(commit);
        written.map_err(Fault::from)
    }
}
