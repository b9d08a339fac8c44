//! What befalls a cell.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use base_testkit::eventually;

use crate::{
    cell::{Manner, StandIn},
    line::Door,
    visits::{Fared, Visits, ask},
};

/// Whose cell falls ill.
const PATH: &str = "/v1/users/alone";
/// How long the router may take to find a cell that is well again: longer than it gives up on one at most.
const FOUND: Duration = Duration::from_mins(1);

/// One way for a cell not to be well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Illness {
    /// Nobody is there.
    Dead,
    /// Every answer takes a second.
    Slow,
    /// More is asked of it than it can do.
    Flooded,
}

impl Illness {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Dead, Self::Slow, Self::Flooded];

    /// As people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dead => "dead cell",
            Self::Slow => "slow cell",
            Self::Flooded => "flooded cell",
        }
    }

    /// Its own tenant's visitors. They do not wait for each other: as many as come while one answer lasts have connections.
    pub(crate) fn visits(self) -> Visits {
        let per_second = if self == Self::Flooded { 1_200 } else { 200 };
        Visits { path: PATH, per_second, connections: 300 }
    }

    /// Makes the cell ill, has its own tenant's visitors come for so long, and makes it well; says how they fared.
    pub(crate) async fn befall(
        self,
        cell: &mut StandIn,
        door: &Door,
        span: Duration,
    ) -> anyhow::Result<Fared> {
        match self {
            Self::Dead => cell.die().await,
            Self::Slow => cell.live(Manner::SLOW).await?,
            Self::Flooded => cell.live(Manner::NARROW).await?,
        }
        let fared = self.visits().pay(door, span).await;
        cell.live(Manner::PROMPT).await?;
        Ok(fared)
    }
}

/// Waits until the router has found the cell that is well again.
pub(crate) async fn until_found(door: &Door) -> anyhow::Result<()> {
    let found = eventually(FOUND, async || {
        let status = ask(door, PATH, &mut None).await?;
        ensure!(status == 200, "it answers {status}");
        anyhow::Ok(())
    });
    found.await.map_err(|late| late.last).context("a cell that is well again is not found")
}
