//! What an append stands on: where its stream is, what its tenant's fence says, what was heard and answered before.

use base_fault::Fault;
use base_ids::{Generation, StreamName, Version};
use cell_runtime::port::{Append, Appended, Fence, Reply, ReplyKey};
use futures_util::future::try_join_all;
use uuid::Uuid;

use crate::{
    codec,
    commits::Commit,
    parts::{PART, goes_on_behind, part_of},
    store::Store,
};

/// The statics of a part of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Statics {
    pub(crate) part: u64,
    pub(crate) counter: i64,
    pub(crate) head: Version,
    pub(crate) append: Uuid,
    pub(crate) commit: Commit,
    pub(crate) generation: Generation,
    pub(crate) pending: Vec<u8>,
}

/// Where a stream is, as far as an append of that expected version has to know.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// The part to which the append would go.
    pub(crate) part: u64,
    /// The counter of that part; none if nothing lies there.
    pub(crate) counter: Option<i64>,
    pub(crate) head: Version,
    /// The newest append, in that part or an earlier one.
    pub(crate) last: Option<Statics>,
}

impl Standing {
    /// The number of the next append, across all parts.
    pub(crate) fn next_counter(&self) -> i64 {
        self.last.as_ref().map_or(0, |last| last.counter) + 1
    }
}

/// What an append stands on.
pub(crate) struct Ground {
    pub(crate) standing: Standing,
    pub(crate) fence: Option<Fence>,
    /// The first of its messages that was heard before.
    heard: Option<(StreamName, Version)>,
    replied: Option<Reply>,
}

impl Ground {
    /// Invariant owner-1: only the owner's generation may write.
    pub(crate) fn lets_in(&self, generation: Generation) -> bool {
        self.fence == Some(Fence::Open(generation))
    }

    /// How the append ends without being written; the order of the checks is part of the contract: fence, heard, reply, version.
    pub(crate) fn judge(self, append: &Append) -> Option<Appended> {
        if !self.lets_in(append.generation) {
            return Some(Appended::Fenced);
        }
        if let Some((stream, version)) = self.heard {
            return Some(Appended::AlreadyHeard { stream, version });
        }
        if let Some(reply) = self.replied {
            return Some(Appended::AlreadyReplied(reply));
        }
        let head = self.standing.head;
        (head != append.expected).then_some(Appended::Conflict { head })
    }
}

type StaticsRow = (
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<i64>,
    Option<Uuid>,
    Option<i64>,
    Option<i64>,
    Option<Vec<u8>>,
);

impl Store {
    /// Reads all of it at once.
    pub(crate) async fn gather(&self, append: &Append) -> Result<Ground, Fault> {
        let stream = &append.stream;
        let heard = append.heard.iter().map(async |heard| {
            let heard = self.find_heard(&stream.tenant, &stream.service, heard.id).await?;
            Ok::<_, Fault>(heard)
        });
        let replied = async {
            match &append.reply {
                Some((key, _)) => self.find_reply(stream, key).await,
                None => Ok(None),
            }
        };
        let (standing, fence, heard, replied) = futures_util::try_join!(
            self.standing(stream, append.expected),
            self.fence_of(&stream.tenant),
            try_join_all(heard),
            replied,
        )?;
        let heard = heard.into_iter().flatten().next();
        Ok(Ground { standing, fence, heard, replied })
    }

    async fn find_reply(
        &self,
        stream: &StreamName,
        key: &ReplyKey,
    ) -> Result<Option<Reply>, Fault> {
        self.read_reply(&stream.tenant, key).await
    }

    pub(crate) async fn read_reply(
        &self,
        tenant: &base_ids::Tenant,
        key: &ReplyKey,
    ) -> Result<Option<Reply>, Fault> {
        let values = (tenant.as_str(), &key.caller, &key.key);
        let found = self.cql.find("look for an answer", &self.cql.say.reply, values).await?;
        found.map(|(reply,): (Vec<u8>,)| Ok(codec::read_reply(&reply)?)).transpose()
    }

    /// Where the stream is.
    pub(crate) async fn standing(
        &self,
        stream: &StreamName,
        expected: Version,
    ) -> Result<Standing, Fault> {
        let part = part_of(expected);
        let found = self.statics(stream, part).await?;
        let counter = found.as_ref().map(|statics| statics.counter);
        let mut last = found;
        if last.is_none() && part > 0 {
            last = self.statics(stream, part - 1).await?;
            if last.is_none() {
                // It is asked for far behind the stream's end: found from its beginning.
                last = self.statics(stream, 0).await?;
            }
        }
        // Behind a full part another one may have begun.
        while let Some(full) = last.as_ref().filter(|last| goes_on_behind(last.part, last.head)) {
            let next = full.head.0 / PART;
            match self.statics(stream, next).await? {
                Some(next) => last = Some(next),
                None => break,
            }
        }
        let head = last.as_ref().map_or(Version(0), |last| last.head);
        Ok(Standing { part, counter, head, last })
    }

    pub(crate) async fn statics(
        &self,
        stream: &StreamName,
        part: u64,
    ) -> Result<Option<Statics>, Fault> {
        self.read_statics(&self.cql.say.statics, stream, part).await
    }

    pub(crate) async fn read_statics(
        &self,
        say: &scylla::statement::prepared::PreparedStatement,
        stream: &StreamName,
        part: u64,
    ) -> Result<Option<Statics>, Fault> {
        let at = i64::try_from(part).unwrap_or(i64::MAX);
        let values = (stream.tenant.as_str(), &*stream.service, &*stream.key, at);
        let row: Option<StaticsRow> = self.cql.find("look for a stream", say, values).await?;
        let Some((_, _, _, _, Some(counter), head, append, commit, generation, pending)) = row
        else {
            return Ok(None);
        };
        let number = |number: Option<i64>| u64::try_from(number.unwrap_or(0)).unwrap_or(0);
        Ok(Some(Statics {
            part,
            counter,
            head: Version(number(head)),
            append: append.unwrap_or_default(),
            commit: Commit(number(commit)),
            generation: Generation(number(generation)),
            pending: pending.unwrap_or_default(),
        }))
    }
}
