//! The laws that imports keep, whatever a file holds and in whatever order its lines end.

use std::collections::BTreeMap;

use cell_kernel::story::{old_events_still_lift, replay_equals_live, story};
use proptest::prelude::*;
use strum::VariantNames as _;

use super::{
    id,
    vendor::{Vendor, line},
};
use crate::{Event, Imports};

#[test]
fn every_event_ever_written_still_reads() {
    let golden = include_str!("events.jsonl");
    for kind in Event::VARIANTS {
        assert!(golden.contains(&format!("\"kind\":\"{kind}\"")), "no golden line of {kind}");
    }
    let import = old_events_still_lift::<Imports>(golden).import.unwrap();
    assert_eq!((import.import, import.failed, import.created), (id("i1"), 1, 1));
    assert!(import.pending.is_empty());
}

/// Law import-1: as many lines have ended as there are, each once.
fn every_line_has_ended_once(history: &[Event]) -> Result<(), TestCaseError> {
    let mut ended: BTreeMap<u32, u32> = BTreeMap::new();
    let mut lines = 0;
    for event in history {
        match event {
            Event::ImportStarted { lines: all, .. } => lines = *all,
            Event::LinesFaulty { lines } => {
                for line in lines {
                    *ended.entry(line.line).or_default() += 1;
                }
            }
            Event::LinesTaken { .. } => {}
            Event::LineNoted { line, .. } => *ended.entry(*line).or_default() += 1,
        }
    }
    prop_assert_eq!(ended.len(), lines as usize, "import-1");
    prop_assert!(ended.values().all(|times| *times == 1), "import-1");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_line_of_each_file_ends_once(
        files in prop::collection::vec(prop::collection::vec((0..9u32, 0..4i64), 1..25), 1..4),
        picks in prop::collection::vec((any::<prop::sample::Index>(), prop::bool::ANY), 80),
    ) {
        let mut atlas = Vendor::new();
        for lines in &files {
            let lines: Vec<String> =
                lines.iter().map(|(sku, minor)| line(&format!("s{sku}"), *minor)).collect();
            atlas.send(&lines);
        }
        let mut asked = atlas.asked();
        for (pick, twice) in picks {
            if asked.is_empty() { break }
            let ended = { let line = asked.remove(pick.index(asked.len())); atlas.carry_out(&line) };
            atlas.hear(&ended);
            if twice { atlas.hear(&ended) }
        }
        prop_assert!(asked.is_empty(), "there are picks for all lines");
        for (_, history) in atlas.house.histories("import-") {
            every_line_has_ended_once(history)?;
            replay_equals_live(&story::<Imports>("vendors/atlas").given(history.iter().cloned()));
        }
    }
}
