//! Messages for everyone, and how far those of others were followed.

mod superseded;

use base_ids::CellId;
use cell_kernel::Answer;
use cell_runtime::port::{Message, PublicLog, RowWrite};
use tokio::sync::watch;

use super::{IN_PLACE_MAX, range};
use crate::{
    Embedded,
    codec::{self, Unreadable},
    key::{self, Kind},
    op::{self, Op, PreparedFollow},
    state::unreadable,
    store::View,
};
use base_fault::Fault;

impl PublicLog for Embedded {
    fn after(&self, position: u64, limit: usize) -> Answer<'_, Vec<(u64, Message)>> {
        if limit <= IN_PLACE_MAX {
            self.read(move |view| after(view, position, limit))
        } else {
            self.read_long(move |view| after(view, position, limit))
        }
    }

    fn forget_superseded(&self, keep: u64) -> Answer<'_, usize> {
        Box::pin(async move {
            let end = self.public_head().borrow().saturating_sub(keep);
            let mut count = 0;
            // Each step is one write and moves the cursor with it: a crash between two steps loses nothing and repeats nothing.
            while let Some(step) = self.read_long(move |view| superseded::step(view, end)).await? {
                if !self.write(|reply| Op::Follow(step.write, reply)).await? {
                    // Somebody else is at it.
                    break;
                }
                count += step.forgotten;
            }
            Ok(count)
        })
    }

    fn head(&self) -> watch::Receiver<u64> {
        self.public_head()
    }

    fn cursor<'a>(&'a self, source: &'a CellId) -> Answer<'a, u64> {
        self.read(move |view| match view.get(key::cursor(source))? {
            Some(value) => codec::read_number(&value).map_err(unreadable),
            None => Ok(0),
        })
    }

    fn apply<'a>(
        &'a self,
        source: &'a CellId,
        from: u64,
        to: u64,
        rows: Vec<RowWrite>,
    ) -> Answer<'a, bool> {
        let follow = PreparedFollow {
            cursor: key::cursor(source),
            from,
            to,
            rows: op::rows(None, &rows).collect(),
        };
        self.write(move |reply| Op::Follow(follow, reply))
    }
}

fn after(view: &View<'_>, position: u64, limit: usize) -> Result<Vec<(u64, Message)>, Fault> {
    let after = key::public(position).to_vec();
    view.range(range(vec![Kind::Public as u8], Some(after)))
        .take(limit)
        .map(|found| {
            let (place, value) = found?;
            let position = key::position_of_public(&place)
                .ok_or_else(|| unreadable(Unreadable("a position of the public log")))?;
            let (_, message) = codec::read_public(&value).map_err(unreadable)?;
            Ok((position, message))
        })
        .collect()
}
