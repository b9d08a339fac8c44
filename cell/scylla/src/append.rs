//! Appending: gather, judge, write on one condition, validate, spread, answer.

use std::sync::Arc;

use base_fault::{Code, Fault};
use base_ids::{Generation, StreamName, Tenant, Version};
use cell_runtime::port::{Append, Appended, Fence, OutboxKey};
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::{
    claims::Claim,
    commits::Commit,
    cql::{Cql, Failed, Together, values},
    doubts::Doubt,
    ground::{Ground, Standing, Statics},
    marks::Mark,
    mishaps::{Mishap, Step},
    outcome::Ended,
    parts::EVENTS_MAX,
    pending::{Brought, Pending},
    store::Store,
};

/// Most bytes of one append: a quarter of what the engines take as one mutation by default.
const BYTES_MAX: usize = 4 << 20;
/// How often an append is judged anew because somebody else was faster.
pub(crate) const RACES_MAX: usize = 8;
/// How often the same batch is sent while its outcome is not known.
const SENT_MAX: usize = 3;

/// How the conditional batch ended.
enum Written {
    Applied,
    /// Somebody else's was applied.
    Overtaken,
    Refused(Fault),
    /// Nobody knows.
    Unknown(Fault),
}

/// An append on its way.
struct Attempt {
    id: Uuid,
    part: u64,
    /// The counter on whose standing still it is conditional.
    counter: Option<i64>,
    last_event: Option<Version>,
    brought: Brought,
    keys: Vec<OutboxKey>,
    mark: Mark,
}

impl Store {
    /// Appends, whether or not the caller goes on waiting.
    pub(crate) async fn append(self: &Arc<Self>, append: Append) -> Result<Appended, Fault> {
        let store = self.clone();
        let task = tokio::spawn(async move { Box::pin(store.append_here(append)).await });
        task.await.unwrap_or_else(|error| {
            let text = "an append ended without an answer; it may have happened";
            Err(Fault::ours(Code::OutcomeUnknown, text).because(error))
        })
    }

    async fn append_here(&self, append: Append) -> Result<Appended, Fault> {
        if append.events.len() > EVENTS_MAX {
            let text = format!("an append of more than {EVENTS_MAX} events");
            return Err(Fault::ours(Code::Internal, text));
        }
        self.resolve_doubts_of(&append.stream.tenant).await?;
        let mut turn = self.locks.hold(names_of(&append)).await;
        let mark = self.mark(&append.stream, part(&append));
        let mut claim = Claim::of(&append);
        let claimed = async {
            match &mut claim {
                // It makes its stream, most likely.
                Some(claim) => self.claim(claim, None).await,
                None => Ok(()),
            }
        };
        let (mark, ground, ()) = futures_util::try_join!(mark, self.gather(&append), claimed)?;
        let (mut mark, mut ground) = (Some(mark), Some(ground));
        for _ in 0..RACES_MAX {
            let found = match ground.take() {
                Some(ground) => ground,
                None => self.gather(&append).await?,
            };
            if let Some(last) = self.left_before(&append, &found)? {
                self.spread_found(&append.stream, last).await?;
                continue;
            }
            let standing = found.standing.clone();
            if let Some(ended) = found.judge(&append) {
                return Ok(ended);
            }
            if let Some(claim) = &mut claim {
                self.claim(claim, standing.counter).await?;
                let rivals = self.rivals(claim).await?;
                if !rivals.is_empty() {
                    drop(turn);
                    self.settle_rivals(claim, rivals).await?;
                    turn = self.locks.hold(names_of(&append)).await;
                    continue;
                }
            }
            let id = claim.as_ref().map_or_else(Uuid::new_v4, |claim| claim.id);
            let page = match mark.take() {
                Some(mark) => mark,
                None => self.mark(&append.stream, part(&append)).await?,
            };
            if let Some(ended) = self.attempt(&append, id, &standing, page).await? {
                return Ok(ended);
            }
            if let Some(claim) = &mut claim {
                claim.renew();
            }
        }
        let text = "others append to the same stream again and again";
        Err(Fault::downstream(Code::Contended, std::time::Duration::ZERO, text))
    }

    /// The stream's newest append, if what it brings with it may not be true yet and this append depends on it: it would replace it, or
    /// repeat it.
    fn left_before<'a>(
        &self,
        append: &Append,
        found: &'a Ground,
    ) -> Result<Option<&'a Statics>, Fault> {
        let (Some(last), Some(fence)) = (&found.standing.last, found.fence) else {
            return Ok(None);
        };
        if !found.lets_in(append.generation) || self.is_spread(&append.stream, last, fence) {
            return Ok(None);
        }
        let replaces = found.standing.head == append.expected;
        let depends = replaces || Pending::read(&last.pending)?.answers(append)?;
        Ok(depends.then_some(last))
    }

    /// Writes, and makes true what it brings with it. `None` if somebody else was faster.
    async fn attempt(
        &self,
        append: &Append,
        id: Uuid,
        standing: &Standing,
        mark: Mark,
    ) -> Result<Option<Appended>, Fault> {
        self.is_seen().await?;
        let commit = self.commits.begin();
        let attempt = Attempt::of(append, id, standing, commit, mark);
        self.post.reserve(&attempt.keys);
        let written = match self.batch(append, &attempt) {
            Ok(batch) => self.write(&append.stream, &attempt, &batch).await,
            Err(fault) => Written::Refused(fault),
        };
        match written {
            Written::Applied => {}
            Written::Overtaken => {
                self.abandon(&attempt.keys, commit);
                return Ok(None);
            }
            Written::Refused(fault) => {
                self.abandon(&attempt.keys, commit);
                return Err(fault);
            }
            Written::Unknown(fault) => {
                self.doubt(append.stream.clone(), attempt);
                return Err(fault);
            }
        }
        match self.validate(append, &attempt).await {
            Ok(posted) => {
                self.finished(&attempt.brought);
                self.post.hold(posted);
                Ok(Some(Appended::Done { commit: commit.0 }))
            }
            Err(fault) => {
                // It is written: what it brings is made true later, by this pod or by whoever takes over.
                self.doubt(append.stream.clone(), attempt);
                let unknown = self.cql.unknown("finish an append");
                Err(if fault.code() == Code::OutcomeUnknown {
                    fault
                } else {
                    unknown.because(fault)
                })
            }
        }
    }

    /// The conditional batch: the statics move on, and the events lie behind them.
    fn batch(&self, append: &Append, attempt: &Attempt) -> Result<Together<'_>, Fault> {
        let Attempt { id, part, counter, brought, .. } = attempt;
        let stream = &append.stream;
        let (tenant, service, key) = (stream.tenant.as_str(), &*stream.service, &*stream.key);
        let part = i64::try_from(*part).unwrap_or(i64::MAX);
        let mut batch = self.cql.move_on(brought, part, *counter, *id, append.generation);
        let at = append.at.as_millis();
        let first = i64::try_from(append.expected.0).unwrap_or(i64::MAX) + 1;
        for (version, event) in (first..).zip(&append.events) {
            let by = (version == brought.head).then_some(*id);
            let (kind, body, cause) = (event.kind, event.body.clone(), event.cause.clone());
            let values = values![tenant, service, key, part, version, kind, at, body, cause, by];
            batch.add(&self.cql.say.event, values);
        }
        let bytes = batch.bytes();
        if bytes > BYTES_MAX {
            let text = format!("an append to {stream} of {bytes} bytes; {BYTES_MAX} is the most");
            return Err(Fault::ours(Code::Internal, text));
        }
        Ok(batch)
    }

    /// Sends the batch until its outcome is known. The same batch may be sent again, for its condition holds at most once.
    async fn write(&self, stream: &StreamName, attempt: &Attempt, batch: &Together<'_>) -> Written {
        let mut unknown = None;
        for _ in 0..SENT_MAX {
            let sent = self.cql.write_together_if("append", batch, Some(Step::Append)).await;
            match (sent, &unknown) {
                (Ok(true), _) => return Written::Applied,
                (Ok(false), None) => return Written::Overtaken,
                (Err(Failed { ended: Ended::NotApplied, fault }), None) => {
                    return Written::Refused(fault);
                }
                (Ok(false), Some(_)) => {}
                (Err(failed), _) => unknown = Some(failed.fault),
            }
            match self.read_back(stream, attempt).await {
                Ok(Some(true)) => return Written::Applied,
                Ok(Some(false)) => return Written::Overtaken,
                Ok(None) => {}
                Err(fault) => unknown = Some(unknown.unwrap_or(fault)),
            }
        }
        Written::Unknown(unknown.unwrap_or_else(|| self.cql.unknown("append")))
    }

    /// Whether the append is there; `None` if nothing has happened since it was judged.
    async fn read_back(
        &self,
        stream: &StreamName,
        attempt: &Attempt,
    ) -> Result<Option<bool>, Fault> {
        if let Some(Mishap::Refused | Mishap::CallLost | Mishap::AnswerLost) =
            self.cql.mishaps.meet(Step::ReadBack)
        {
            return Err(self.cql.unknown("read an append back"));
        }
        let found = self.statics_for_certain(stream, attempt.part).await?;
        let counter = found.as_ref().map(|found| found.counter);
        match found {
            Some(found) if found.append == attempt.id => Ok(Some(true)),
            _ if counter == attempt.counter => Ok(None),
            Some(found) if found.counter == attempt.brought.counter => Ok(Some(false)),
            // Others have appended since: its last event tells. Without events, what it heard and answered tells the next judgement.
            _ => match attempt.last_event {
                Some(version) => {
                    let by = self.appended_by(stream, attempt.part, version).await?;
                    Ok(Some(by == Some(attempt.id)))
                }
                None => Ok(Some(false)),
            },
        }
    }

    pub(crate) async fn statics_for_certain(
        &self,
        stream: &StreamName,
        part: u64,
    ) -> Result<Option<Statics>, Fault> {
        self.read_statics(&self.cql.say.statics_for_certain, stream, part).await
    }

    pub(crate) async fn appended_by(
        &self,
        stream: &StreamName,
        part: u64,
        version: Version,
    ) -> Result<Option<Uuid>, Fault> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (tenant, service, key) = (stream.tenant.as_str(), &*stream.service, &*stream.key);
        let values = (tenant, service, key, number(part), number(version.0));
        let say = &self.cql.say.appended_by;
        let found: Option<(Option<Uuid>,)> =
            self.cql.find("read an append back", say, values).await?;
        Ok(found.and_then(|(by,)| by))
    }

    /// Write, then validate: the tenant is still owned, and this pod is still who it was when it marked the stream.
    async fn validate(
        &self,
        append: &Append,
        attempt: &Attempt,
    ) -> Result<Vec<(OutboxKey, cell_runtime::port::OutboxEntry)>, Fault> {
        self.is_seen().await?;
        if self.pods.me().number != attempt.brought.commit.pod() {
            return Err(self.cql.unknown("finish an append in time"));
        }
        if self.fence_of(&append.stream.tenant).await? != Some(Fence::Open(append.generation)) {
            let text = "the tenant left while it was written to; whether the write counts is decided where it went";
            return Err(Fault::new(
                Code::OutcomeUnknown,
                base_fault::Source::Us,
                base_fault::Retry::Same,
                text,
            ));
        }
        self.spread(&attempt.brought).await
    }

    fn abandon(&self, keys: &[OutboxKey], commit: Commit) {
        self.post.release(keys);
        self.commits.end(commit);
    }

    /// Remembers that nothing is left to be made true of the newest append of a stream.
    pub(crate) fn finished(&self, brought: &Brought) {
        self.known.lock().set(&brought.stream, brought.counter);
        self.commits.end(brought.commit);
    }

    fn doubt(&self, stream: StreamName, attempt: Attempt) {
        let Attempt { id, part, last_event, brought, keys, mark, .. } = attempt;
        let doubt = Doubt::of_append(id, part, last_event, brought.commit, keys, mark);
        self.doubts.add(stream, doubt);
    }

    /// Spreads what another append has left, while the stream's lock is held and its tenant is owned.
    pub(crate) async fn spread_found(
        &self,
        stream: &StreamName,
        found: &Statics,
    ) -> Result<(), Fault> {
        let brought = found.brought(stream)?;
        let posted = self.spread(&brought).await?;
        if self.keeps(brought.commit.pod()) {
            // Those that were settled before stay settled.
            let keys: Vec<_> = posted.into_iter().map(|(key, _)| key).collect();
            self.hold_stored(&keys).await?;
        }
        self.known.lock().set(stream, brought.counter);
        Ok(())
    }
}

impl Statics {
    /// What the append brings with it.
    pub(crate) fn brought(&self, stream: &StreamName) -> Result<Brought, Fault> {
        Ok(Brought {
            stream: stream.clone(),
            counter: self.counter,
            head: i64::try_from(self.head.0).unwrap_or(i64::MAX),
            commit: self.commit,
            pending: Pending::read(&self.pending)?,
        })
    }
}

impl Attempt {
    fn of(append: &Append, id: Uuid, standing: &Standing, commit: Commit, mark: Mark) -> Self {
        let head = append.expected.0 + append.events.len() as u64;
        let brought = Brought {
            stream: append.stream.clone(),
            counter: standing.next_counter(),
            head: i64::try_from(head).unwrap_or(i64::MAX),
            commit,
            pending: Pending::of(append),
        };
        let keys = (0..).zip(&append.outbox);
        let keys = keys.map(|(ordinal, entry)| OutboxKey::posted(entry.due, commit.0, ordinal));
        Self {
            id,
            part: standing.part,
            counter: standing.counter,
            last_event: (!append.events.is_empty()).then_some(Version(head)),
            brought,
            keys: keys.collect(),
            mark,
        }
    }
}

impl Cql {
    /// Begins a conditional batch: a part of a stream whose counter is as expected moves on to a newer append.
    pub(crate) fn move_on(
        &self,
        to: &Brought,
        part: i64,
        expected: Option<i64>,
        id: Uuid,
        generation: Generation,
    ) -> Together<'_> {
        let Brought { stream, counter, head, commit, pending } = to;
        let (tenant, service, key) = (stream.tenant.as_str(), &*stream.service, &*stream.key);
        let generation = i64::try_from(generation.0).unwrap_or(i64::MAX);
        let (commit, pending) = (commit.as_clock(), pending.bytes());
        let mut statics =
            values![*counter, *head, id, commit, generation, pending, tenant, service, key, part];
        let mut batch = Together::default();
        match expected {
            Some(expected) => {
                statics.extend(values![expected]);
                batch.add(&self.say.append_next, statics);
            }
            None => batch.add(&self.say.append_first, statics),
        }
        batch
    }
}

fn part(append: &Append) -> u64 {
    crate::parts::part_of(append.expected)
}

/// Under which names an append takes turns with others of this pod.
fn names_of(append: &Append) -> Vec<u128> {
    let stream = &append.stream;
    let tenant = stream.tenant.as_str();
    let heard = append.heard.iter().map(|heard| {
        let id = heard.id.0.to_string();
        name(&["heard", tenant, &stream.service, &id])
    });
    let reply =
        append.reply.as_ref().map(|(key, _)| name(&["reply", tenant, &key.caller, &key.key]));
    heard.chain(reply).chain([name_of_stream(stream)]).collect()
}

pub(crate) fn name_of_stream(stream: &StreamName) -> u128 {
    let tenant: &Tenant = &stream.tenant;
    name(&["stream", tenant.as_str(), &stream.service, &stream.key])
}

fn name(pieces: &[&str]) -> u128 {
    xxh3_128(pieces.join("\0").as_bytes())
}
