//! Which tenants may be written, under which generation: 256 slots in a block, changed together on one condition.

use std::collections::BTreeMap;

use base_fault::{Code, Fault};
use base_ids::{Generation, Slot, Tenant};
use cell_kernel::Answer;
use cell_runtime::port::{Fence, Fences, Scope};
use futures_util::{StreamExt as _, stream};

use super::{AT_ONCE, Ports};
use crate::{
    codec::Unreadable,
    cql::{Together, values},
    store::Store,
};

const BLOCKS: i32 = 256;
/// Bytes of a fence: what it is, and its generation.
const FENCE: usize = 9;
const OPEN: u8 = 1;
const CLOSED: u8 = 2;
/// How often a block is tried while others change it.
const RACES_MAX: usize = 16;

impl Fences for Ports {
    fn set(&self, fences: Vec<(Scope, Fence)>) -> Answer<'_, usize> {
        Box::pin(self.0.set_fences(fences))
    }

    fn of<'a>(&'a self, tenant: &'a Tenant) -> Answer<'a, Option<Fence>> {
        Box::pin(self.0.read_fence(tenant))
    }

    fn all(&self) -> Answer<'_, Vec<(Scope, Fence)>> {
        Box::pin(self.0.all_fences())
    }
}

/// A block as it stands.
#[derive(Clone, Debug, Default)]
struct Block {
    counter: Option<i64>,
    slots: Slots,
    named: BTreeMap<String, Fence>,
}

/// The fences of a block's slots, as bytes; empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Slots(Vec<u8>);

impl Slots {
    fn get(&self, slot: Slot) -> Result<Option<Fence>, Unreadable> {
        let at = usize::from(slot.0 & 255) * FENCE;
        self.0.get(at..at + FENCE).map_or(Ok(None), read)
    }

    fn set(&mut self, slot: Slot, fence: Fence) {
        self.0.resize(256 * FENCE, 0);
        let at = usize::from(slot.0 & 255) * FENCE;
        self.0[at..at + FENCE].copy_from_slice(&bytes(fence));
    }
}

fn bytes(fence: Fence) -> [u8; FENCE] {
    let mut bytes = [0; FENCE];
    bytes[0] = if matches!(fence, Fence::Open(_)) { OPEN } else { CLOSED };
    bytes[1..].copy_from_slice(&fence.generation().0.to_be_bytes());
    bytes
}

fn read(bytes: &[u8]) -> Result<Option<Fence>, Unreadable> {
    let (Some(first), Some(number)) = (bytes.first(), bytes.last_chunk()) else {
        return Err(Unreadable("a fence is too short".to_owned()));
    };
    let generation = Generation(u64::from_be_bytes(*number));
    match *first {
        0 => Ok(None),
        OPEN => Ok(Some(Fence::Open(generation))),
        CLOSED => Ok(Some(Fence::Closed(generation))),
        other => Err(Unreadable(format!("a fence of kind {other}"))),
    }
}

fn block_of(slot: Slot) -> i32 {
    i32::from(slot.0 >> 8)
}

fn block_of_scope(scope: &Scope) -> i32 {
    match scope {
        Scope::Slot(slot) => block_of(*slot),
        Scope::Tenant(tenant) => block_of(tenant.slot()),
    }
}

impl Block {
    /// Sets a fence if it wins over the one that is there.
    fn set(&mut self, scope: &Scope, fence: Fence) -> Result<bool, Unreadable> {
        let now = match scope {
            Scope::Slot(slot) => self.slots.get(*slot)?,
            Scope::Tenant(tenant) => self.named.get(tenant.as_str()).copied(),
        };
        let wins = fence.replaces(now);
        if wins {
            match scope {
                Scope::Slot(slot) => self.slots.set(*slot, fence),
                Scope::Tenant(tenant) => {
                    self.named.insert(tenant.to_string(), fence);
                }
            }
        }
        Ok(wins)
    }
}

impl Store {
    pub(crate) async fn read_fence(&self, tenant: &Tenant) -> Result<Option<Fence>, Fault> {
        let slot = tenant.slot();
        let values = (block_of(slot), tenant.as_str());
        let rows: Vec<(String, Option<Vec<u8>>)> =
            self.cql.read("read a fence", &self.cql.say.fence, values).await?;
        let mut of_slot = None;
        for (name, fence) in rows {
            let fence = fence.unwrap_or_default();
            if name == tenant.as_str() {
                return Ok(read(&fence)?);
            }
            of_slot = Slots(fence).get(slot)?;
        }
        Ok(of_slot)
    }

    async fn read_block(&self, block: i32) -> Result<Block, Fault> {
        let rows: Vec<(String, Option<i64>, Option<Vec<u8>>)> =
            self.cql.read("read fences", &self.cql.say.block, (block,)).await?;
        let mut found = Block::default();
        for (name, counter, fence) in rows {
            found.counter = counter;
            let fence = fence.unwrap_or_default();
            if name.is_empty() {
                found.slots = Slots(fence);
            } else if let Some(fence) = read(&fence)? {
                found.named.insert(name, fence);
            }
        }
        Ok(found)
    }

    async fn set_fences(&self, fences: Vec<(Scope, Fence)>) -> Result<usize, Fault> {
        let mut blocks: BTreeMap<i32, Vec<(Scope, Fence)>> = BTreeMap::new();
        for (scope, fence) in fences {
            blocks.entry(block_of_scope(&scope)).or_default().push((scope, fence));
        }
        let setting = stream::iter(blocks).map(|(block, fences)| self.set_block(block, fences));
        let mut setting = setting.buffer_unordered(AT_ONCE);
        let mut count = 0;
        while let Some(set) = setting.next().await {
            count += set?;
        }
        Ok(count)
    }

    /// Sets the fences of one block together. To set one again changes nothing, so a change whose outcome is not known is weighed anew:
    /// then it counts what was not set before.
    async fn set_block(&self, block: i32, fences: Vec<(Scope, Fence)>) -> Result<usize, Fault> {
        let _turn = self.locks.hold(vec![u128::from(block.unsigned_abs())]).await;
        let mut last = None;
        let mut meant = 0;
        for _ in 0..RACES_MAX {
            let before = self.read_block(block).await?;
            let mut after = before.clone();
            let mut won = Vec::new();
            for (scope, fence) in &fences {
                if after.set(scope, *fence)? {
                    won.push(scope);
                }
            }
            if won.is_empty() {
                return Ok(meant);
            }
            let count = won.len();
            match self.write_block(block, &before, &after, &won).await {
                Ok(true) => return Ok(count),
                Ok(false) => {}
                Err(failed) => {
                    meant = count;
                    last = Some(failed.fault);
                }
            }
        }
        let text = "others change the same fences again and again";
        Err(last
            .unwrap_or_else(|| Fault::downstream(Code::Contended, std::time::Duration::ZERO, text)))
    }

    async fn write_block(
        &self,
        block: i32,
        before: &Block,
        after: &Block,
        won: &[&Scope],
    ) -> Result<bool, crate::cql::Failed> {
        let mut batch = Together::default();
        let next = before.counter.unwrap_or(0) + 1;
        match before.counter {
            Some(counter) => batch.add(&self.cql.say.fence_next, values![next, block, counter]),
            None => batch.add(&self.cql.say.fence_first, values![next, block]),
        }
        batch.add(&self.cql.say.put_fence, values![block, "", after.slots.0.clone()]);
        let named = won.iter().filter_map(|scope| match scope {
            Scope::Tenant(tenant) => Some(tenant.as_str()),
            Scope::Slot(_) => None,
        });
        for name in named.collect::<std::collections::BTreeSet<_>>() {
            if let Some(fence) = after.named.get(name) {
                batch.add(&self.cql.say.put_fence, values![block, name, bytes(*fence).to_vec()]);
            }
        }
        self.cql.write_together_if("set fences", &batch, None).await
    }

    async fn all_fences(&self) -> Result<Vec<(Scope, Fence)>, Fault> {
        let reading = stream::iter(0..BLOCKS)
            .map(|block| async move { Ok::<_, Fault>((block, self.read_block(block).await?)) });
        let mut reading = reading.buffer_unordered(AT_ONCE);
        let mut all = Vec::new();
        while let Some(read) = reading.next().await {
            let (block, found) = read?;
            for low in 0..=u8::MAX {
                let high = u16::try_from(block).unwrap_or(0);
                let slot = Slot(high << 8 | u16::from(low));
                all.extend(found.slots.get(slot)?.map(|fence| (Scope::Slot(slot), fence)));
            }
            for (name, fence) in found.named {
                let tenant = name.parse().map_err(|_| Unreadable(format!("tenant {name}")))?;
                all.push((Scope::Tenant(tenant), fence));
            }
        }
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use base_ids::{Generation, Slot};
    use cell_runtime::port::Fence;

    use super::{Slots, bytes, read};

    #[test]
    fn a_fence_reads_back_and_its_neighbours_stay() {
        let mut slots = Slots::default();
        let slot = Slot(0x12ff);
        assert_eq!(slots.get(slot), Ok(None));
        slots.set(slot, Fence::Closed(Generation(u64::MAX)));
        slots.set(Slot(0x1200), Fence::Open(Generation(1)));
        assert_eq!(slots.get(slot), Ok(Some(Fence::Closed(Generation(u64::MAX)))));
        assert_eq!(slots.get(Slot(0x1200)), Ok(Some(Fence::Open(Generation(1)))));
        assert_eq!(slots.get(Slot(0x12fe)), Ok(None));
        assert!(read(&[9; 9]).is_err() && read(&[1]).is_err());
        assert_eq!(read(&bytes(Fence::Open(Generation(3)))), Ok(Some(Fence::Open(Generation(3)))));
    }
}
