//! Files: good lines are carried out, bad ones are reported, and none stops another.

use cell_kernel::story::{code_of, story};

use super::{
    atlas, id,
    vendor::{Vendor, line},
};
use crate::{
    Command, Event, Imports,
    command::Ask,
    wire::{
        self,
        import_line::Outcome::{Created, Failed, Pending},
    },
};

#[test]
fn good_lines_are_carried_out_and_bad_ones_reported() {
    let mut atlas = Vendor::new();
    let file = [line("a", 4_900), "nonsense".to_owned(), line("b", 5_000), line("odd", 100)];
    let answer = atlas.send(&file);
    assert_eq!((answer.lines, answer.failed, answer.pending, answer.finished), (4, 1, 3, false));
    assert_eq!((answer.faulty.len(), answer.faulty[0].line), (1, 2));
    assert_eq!(answer.faulty[0].problems[0].code, "malformed_line");
    let outcomes = |lines: &[wire::ImportLine]| -> Vec<_> {
        lines.iter().map(wire::ImportLine::outcome).collect()
    };
    let before = atlas.lines(&answer.name, false);
    assert_eq!(outcomes(&before), [Pending, Failed, Pending, Pending]);
    atlas.settle();
    let now = atlas.import(&answer.name);
    assert_eq!((now.created, now.failed, now.pending, now.finished), (2, 2, 0, true));
    let failed = atlas.lines(&answer.name, true);
    let why: Vec<(i32, &str, &str)> = failed
        .iter()
        .map(|line| (line.line, line.offer.as_str(), line.problems[0].code.as_str()))
        .collect();
    assert_eq!(why, [(2, "", "malformed_line"), (4, "odd", "product_unknown")]);
    let after = atlas.lines(&answer.name, false);
    assert_eq!(outcomes(&after), [Created, Failed, Created, Failed]);
}

#[test]
fn a_file_sent_again_is_another_import_of_the_same_offers() {
    let mut atlas = Vendor::new();
    let first = atlas.send(&[line("a", 4_900), line("b", 5_000)]);
    atlas.settle();
    let again = atlas.send(&[line("a", 4_900), line("b", 4_000), line("d", 100)]);
    atlas.settle();
    let now = atlas.import(&again.name);
    assert_eq!((now.unchanged, now.updated, now.created, now.failed), (1, 1, 1, 0));
    let list = wire::ListImportsRequest { parent: "vendors/atlas".into(), ..Default::default() };
    let listed = atlas.call::<_, wire::ListImportsResponse>("ListImports", &list).imports;
    let names: Vec<&str> = listed.iter().map(|import| import.name.as_str()).collect();
    assert_eq!(names, [again.name, first.name], "newest first");
}

#[test]
fn an_import_is_followed_until_its_last_line_has_ended() {
    let mut atlas = Vendor::new();
    let name = atlas.send(&[line("a", 4_900), line("b", 5_000)]).name;
    let watch = wire::WatchImportRequest { name };
    let asked = atlas.asked();
    for (line, (pending, finished)) in asked.iter().zip([(2, false), (1, false)]) {
        let shown: wire::Import = atlas.call("WatchImport", &watch);
        assert_eq!((shown.pending, shown.finished), (pending, finished));
        let ended = atlas.carry_out(line);
        atlas.hear(&ended);
    }
    let shown: wire::Import = atlas.call("WatchImport", &watch);
    assert_eq!((shown.pending, shown.finished), (0, true));
}

#[test]
fn lines_may_end_in_any_order_and_be_told_twice() {
    let mut atlas = Vendor::new();
    let file: Vec<String> = (0..40).map(|n| line(&format!("s{n}"), 100)).collect();
    let answer = atlas.send(&file);
    for line in atlas.asked().iter().rev() {
        let ended = atlas.carry_out(line);
        atlas.hear(&ended);
        atlas.hear(&ended);
    }
    let now = atlas.import(&answer.name);
    assert_eq!((now.created, now.pending, now.finished), (40, 0, true));
    let (_, history) = atlas.house.histories("import-")[0];
    let noted = history.iter().filter(|event| matches!(event, Event::LineNoted { .. }));
    assert_eq!(noted.count(), 40, "import-1: each line ends once");
}

#[test]
fn ten_thousand_lines_are_taken_in_events_of_bounded_size() {
    let import = id("i1");
    let file: Vec<String> = (0..10_000).map(|n| line(&format!("s{n}"), 100)).collect();
    let lines = crate::api::read_file(&import, file.join("\n").as_bytes()).unwrap();
    let command = Command { import, ask: Ask::Start { lines } };
    let told = story::<Imports>("vendors/atlas").when(&command).decided().0;
    assert_eq!(told.state().import.as_ref().unwrap().pending.len(), 10_000);
    let largest = told.history().iter().map(|event| serde_json::to_vec(event).unwrap().len());
    assert!(largest.max().unwrap() < 200_000);
    let kept = serde_json::to_string(&command).unwrap();
    assert!(kept.len() < 200, "the lines are kept once, in the events: {kept}");
    told.when(&command).then_nothing();
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut house = Vendor::new().house;
    let caller = cell_kernel::Caller::anonymous();
    let get = wire::GetImportRequest { name: "vendors/atlas/imports/i1".to_owned() };
    let no = house.call::<_, wire::Import>(&atlas(), &caller, "GetImport", &get);
    assert_eq!(code_of(no), "not_found");
}
