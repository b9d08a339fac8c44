//! What every journey stands on: a fresh fleet in a directory of its own, gone when the journey went well, kept when it did not.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use base_testkit::Scratch;

use crate::{
    launch::{Fleet, Ground, Member, Place, Plan},
    market::{Market, Size},
    people::Keys,
    say,
};

/// How long a client goes on trying while something is down.
const PATIENCE: Duration = Duration::from_mins(2);

/// Where the programs are, and what is random.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The directory of the programs.
    pub binaries: PathBuf,
    /// How many cells.
    pub cells: u16,
    /// Where chance begins.
    pub seed: u64,
    /// What is logged.
    pub log: String,
    /// Keep the fleet's directory even when all went well.
    pub keep: bool,
    /// On what everybody keeps what they keep.
    pub ground: Ground,
}

/// A fleet with a market on it.
pub struct Set {
    /// The fleet.
    pub fleet: Fleet,
    /// The market.
    pub market: Market,
    scratch: Scratch,
}

impl Stage {
    /// Starts a fleet and opens a market.
    ///
    /// Errors: what could not be started or opened; the directory is kept.
    pub async fn set(&self, name: &str, size: Size) -> anyhow::Result<Set> {
        let scratch = Scratch::new(name)?;
        let opened = self.open(&scratch, size).await;
        match opened {
            Ok((fleet, market)) => Ok(Set { fleet, market, scratch }),
            Err(error) => {
                let kept = scratch.keep();
                Err(error.context(format!("what it left is in {}", kept.display())))
            }
        }
    }

    /// Starts a fleet of one cell whose store was filled before.
    ///
    /// Errors: the store cannot be copied, or the fleet does not start.
    pub async fn on_filled_store(
        &self,
        name: &str,
        store: &Path,
    ) -> anyhow::Result<(Fleet, Scratch)> {
        let scratch = Scratch::new(name)?;
        let place = Place::at(scratch.path())?;
        let own = place.data(&Member::Cell(1).to_string());
        std::fs::create_dir_all(&own)?;
        let copied = std::process::Command::new("cp")
            .arg("-a")
            .arg(store)
            .arg(own.join("store"))
            .status()?;
        anyhow::ensure!(copied.success(), "{} cannot be copied", store.display());
        Ok((Fleet::start(self.plan(place)).await?, scratch))
    }

    fn plan(&self, place: Place) -> Plan {
        let (binaries, log) = (self.binaries.clone(), self.log.clone());
        let Self { cells, ground, .. } = *self;
        Plan { binaries, place, cells, log, wished: BTreeMap::new(), ground }
    }

    async fn open(&self, scratch: &Scratch, size: Size) -> anyhow::Result<(Fleet, Market)> {
        say::step(format!("starting {} cells, seed {}", self.cells, self.seed));
        let fleet = Fleet::start(self.plan(Place::at(scratch.path())?)).await?;
        let api = fleet.api(PATIENCE);
        let market = Market::open(&fleet, &api, &Keys::of_seed(self.seed), size).await?;
        let (vendors, offers) = (
            market.stalls.len(),
            market.stalls.iter().map(|stall| stall.wares.len()).sum::<usize>(),
        );
        say::good(format!("{vendors} vendors with {offers} offers in {} cells", self.cells));
        Ok((fleet, market))
    }

    /// Takes the fleet down; its directory stays if something did not hold.
    ///
    /// Errors: those of stopping.
    pub async fn strike(&self, set: Set, holds: bool) -> anyhow::Result<bool> {
        set.fleet.stop().await?;
        if !holds || self.keep {
            say::line(format!("logs and data are kept in {}", set.scratch.keep().display()));
        }
        Ok(holds)
    }
}
