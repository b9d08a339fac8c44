//! How answers look: recorded ones in, text and JSON out.

mod holds;

use clap::{CommandFactory as _, Parser as _};
use souk_proto_fleet::v1::{
    Cause, Cell, CellStatus, DeadLetter, Finding, Hold, ListRoutersResponse, ListSlotsResponse,
    Message, Pod, PodStatus, RouterStatus, ShowStreamResponse, SigningKey, SlotRun, StreamEvent,
    Told, WaitingFor, WhereIsTenantResponse, Work,
};

use crate::{
    cells,
    cli::Cli,
    doctor::Diagnosis,
    messages::{DeadLetters, Done, Waiting},
    operators::Operators,
    out::View,
    routers::Routers,
    slots::{Runs, Shares},
    streams::Stream,
    tenants::Residence,
    trouble::Trouble,
    zone::Zone,
};

/// 2025-07-20T09:30:00.125Z: a time whose offset no later change of law moves.
const MORNING: i64 = 1_753_003_800_125;

fn zone() -> Zone {
    base_time::HOME_ZONE.parse().unwrap()
}

fn text(view: &impl View) -> String {
    view.text(&zone())
}

fn json(view: &impl View) -> String {
    serde_json::to_string_pretty(view).unwrap()
}

fn cell(number: u32) -> Cell {
    let address = |port: u32| format!("127.0.0.1:{}", 7000 + number * 10 + port);
    Cell {
        id: format!("cell-{number}"),
        pods: vec![Pod {
            name: "0".into(),
            edge_address: address(0),
            mesh_address: address(1),
            admin_address: address(2),
        }],
        signing_keys: vec![SigningKey {
            kid: format!("cell-{number}-k1"),
            public_key: vec![1; 32].into(),
            accepted_until_ms: MORNING + 86_400_000,
        }],
    }
}

fn status(number: u32) -> CellStatus {
    CellStatus {
        cell: Some(cell(number)),
        version: "0.1.0".into(),
        weight: 100,
        slots: 21_845,
        overrides: number - 1,
        last_heartbeat_ms: if number == 2 { 0 } else { MORNING },
        alive: number != 2,
        commit: 1_204,
        epoch: 4,
        registered_ms: MORNING - 60_000,
        pods: vec![PodStatus {
            pod: cell(number).pods.pop(),
            version: "0.1.0".into(),
            last_heartbeat_ms: if number == 2 { 0 } else { MORNING },
            alive: number != 2,
            listed: true,
            epoch: 4,
            works: [Work::Edge, Work::Services, Work::Relay, Work::Indexer].map(i32::from).to_vec(),
        }],
        undone: Vec::new(),
    }
}

fn purchase() -> ShowStreamResponse {
    let event = |version, kind: &str, body: &str, cause| StreamEvent {
        version,
        kind: kind.into(),
        at_ms: MORNING + i64::try_from(version).unwrap(),
        body: body.into(),
        cause,
    };
    let asked = Cause {
        actor: "users/0190-ab".into(),
        command: r#"{"Start":{"cart":"main"}}"#.into(),
        facts: r#"{"price":{"minor":4500,"currency":"MAD"}}"#.into(),
        trace: vec![0xab; 16].into(),
        told: vec![Told {
            id: vec![1; 16].into(),
            to_tenant: "vendors/atlas".into(),
            to_service: "inventory".into(),
            kind: "souk.inventory.v1.Reserve".into(),
            due_ms: 0,
        }],
        ..Cause::default()
    };
    let heard = Cause {
        actor: "message 02".into(),
        command: r#""Reserved""#.into(),
        facts: "null".into(),
        heard: vec![2; 16].into(),
        heard_from_stream: "vendors/atlas/inventory/stock".into(),
        heard_from_version: 41,
        heard_kind: "souk.inventory.v1.Reserved".into(),
        ..Cause::default()
    };
    ShowStreamResponse {
        events: vec![
            event(1, "Started", r#"{"session":"s1"}"#, None),
            event(2, "Quoted", &format!(r#"{{"note":"{}"}}"#, "كتاب ".repeat(30)), Some(asked)),
            event(3, "LineReserved", "not json", Some(heard)),
        ],
        head: 7,
    }
}

#[test]
fn cells_are_listed_and_shown() {
    let list = cells::Cells::of(vec![status(1), status(2)]);
    insta::assert_snapshot!("cells_list", text(&list));
    insta::assert_snapshot!("cells_list_json", json(&list));
    let mut three = status(1);
    let second = Pod { name: "1".into(), edge_address: "127.0.0.1:7013".into(), ..Pod::default() };
    three.pods.push(PodStatus { pod: Some(second), ..three.pods[0].clone() });
    let lost = Pod { name: "2".into(), ..Pod::default() };
    three.pods.push(PodStatus {
        pod: Some(lost),
        last_heartbeat_ms: MORNING,
        ..PodStatus::default()
    });
    let sender = Pod { name: "relay-1".into(), ..Pod::default() };
    let works = vec![Work::Relay.into()];
    three.pods[0].works = vec![Work::Edge.into(), Work::Services.into()];
    three.pods.push(PodStatus { pod: Some(sender), alive: true, works, ..PodStatus::default() });
    three.undone = vec![Work::Indexer.into()];
    insta::assert_snapshot!("cells_show", text(&cells::Cell::from(three.clone())));
    insta::assert_snapshot!("cells_list_pods", text(&cells::Cells::of(vec![three])));
    insta::assert_snapshot!("cells_none", text(&cells::Cells::of(vec![])));
}

#[test]
fn a_tenant_is_shown_where_it_lives() {
    let found = WhereIsTenantResponse {
        tenant: "vendors/atlas".into(),
        slot: 0x6cf2,
        cell: Some(cell(2)),
        generation: 3,
        by_override: true,
        epoch: 9,
        hold: Some(Hold { by: "leila".into(), why: "an audit".into(), since_ms: MORNING }),
    };
    insta::assert_snapshot!("tenants_where", text(&Residence::from(found.clone())));
    let nowhere = WhereIsTenantResponse {
        cell: None,
        generation: 0,
        by_override: false,
        hold: None,
        ..found
    };
    insta::assert_snapshot!("tenants_where_nobody", text(&Residence::from(nowhere)));
}

#[test]
fn slots_are_summed_up_or_listed_in_runs() {
    let run = |first, last, cell: &str, generation| SlotRun {
        first,
        last,
        cell: cell.into(),
        generation,
        held: first == 10,
    };
    let runs = vec![
        run(0, 9, "cell-1", 1),
        run(10, 40_000, "cell-2", 1),
        run(40_001, 50_000, "cell-1", 3),
        run(50_001, 65_535, "", 0),
    ];
    let answer = ListSlotsResponse { runs, epoch: 5 };
    insta::assert_snapshot!("slots_list", text(&Shares::from(answer.clone())));
    insta::assert_snapshot!("slots_list_runs", text(&Runs::from(answer)));
}

#[test]
fn routers_are_listed_with_what_they_hold() {
    let router = |number: u64| RouterStatus {
        member: format!("router-{number}"),
        admin_address: "127.0.0.1:7102".into(),
        epoch: 5 - number,
        digest_agrees: number == 1,
        last_ack_ms: MORNING,
        connected: number == 1,
    };
    let answer = ListRoutersResponse { routers: vec![router(1), router(2)], epoch: 4 };
    insta::assert_snapshot!("routers_list", text(&Routers::from(answer)));
    insta::assert_snapshot!(
        "routers_none",
        text(&Routers::from(ListRoutersResponse { routers: vec![], epoch: 4 }))
    );
}

#[test]
fn a_stream_is_shown_in_short_in_full_and_as_json() {
    let name = "users/0190-ab/checkout/s1".parse().unwrap();
    let stream = |full| Stream::of(&name, "cell-1".into(), purchase(), full);
    insta::assert_snapshot!("streams_show", text(&stream(false)));
    insta::assert_snapshot!("streams_show_full", text(&stream(true)));
    insta::assert_snapshot!("streams_show_json", json(&stream(false)));
}

#[test]
fn dead_letters_and_waiting_messages_say_which_cells_are_missing() {
    let message = Message {
        id: vec![0x4f; 16].into(),
        from_stream: "users/0190-ab/checkout/s1".into(),
        from_version: 2,
        to_tenant: "vendors/atlas".into(),
        to_service: "inventory".into(),
        kind: "souk.inventory.v1.Reserve".into(),
        ..Message::default()
    };
    let letter = DeadLetter {
        message: Some(message),
        why: "cannot be read".into(),
        tries: 12,
        parked_ms: MORNING,
    };
    let mut dead = DeadLetters::default();
    dead.add("cell-2", vec![letter]);
    assert_eq!(dead.exit_code(), 0);
    dead.not_reached(&Trouble::Unreachable("cell-3: connection refused".into()));
    assert_eq!(dead.exit_code(), 3);
    insta::assert_snapshot!("messages_dead", text(&dead));
    insta::assert_snapshot!("messages_dead_none", text(&DeadLetters::default()));
    let mut waiting = Waiting::default();
    waiting.add(
        "cell-1",
        vec![WaitingFor { cell: "cell-3".into(), messages: 18, oldest_ms: MORNING }],
    );
    insta::assert_snapshot!("messages_waiting", text(&waiting));
    let done = Done { cell: "cell-2".into(), text: "delivered again".into() };
    assert_eq!(text(&done), "cell-2: delivered again\n");
}

#[test]
fn operators_are_listed_after_a_change() {
    assert_eq!(text(&Operators(vec!["users/0190-ab".into()])), "OPERATOR\nusers/0190-ab\n");
    assert_eq!(text(&Operators(vec![])), "nobody operates the platform\n");
}

#[test]
fn the_doctor_has_one_line_for_each_check() {
    let finding =
        |check: &str, ok, text: &str| Finding { check: check.into(), ok, text: text.into() };
    let mut diagnosis = Diagnosis::default();
    diagnosis.add("", vec![finding("slots", true, "every slot has an owner")]);
    diagnosis.add(
        "cell-1",
        vec![finding("store", true, "commit 1204"), finding("cell-1 lanes", true, "none is full")],
    );
    diagnosis
        .add_readiness("router-1", br#"{"ready":true,"checks":[{"name":"table","ready":true}]}"#);
    assert_eq!(diagnosis.exit_code(), 0);
    diagnosis.add_readiness(
        "router-2",
        br#"{"ready":false,"checks":[{"name":"table","ready":false,"reason":"no table yet"}]}"#,
    );
    diagnosis.add_readiness("router-3", b"<html>");
    diagnosis.add_trouble(
        "cell-2 operators' port".into(),
        &Trouble::Unreachable("cell-2: connection refused".into()),
    );
    assert_eq!(diagnosis.exit_code(), 1);
    insta::assert_snapshot!("doctor", text(&diagnosis));
}

#[test]
fn every_command_is_sound_and_shows_an_example() {
    fn check(command: &clap::Command) {
        if command.has_subcommands() {
            command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(check);
        } else {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = help
                .strip_prefix("Example:\n  ")
                .unwrap_or_else(|| panic!("{} shows none", command.get_name()));
            let words = example.split([' ']).take_while(|word| !matches!(*word, "|" | "&&"));
            assert!(Cli::try_parse_from(words).is_ok(), "{example}");
        }
    }
    Cli::command().debug_assert();
    check(&Cli::command());
}

#[test]
fn a_letter_is_dropped_only_by_who_says_yes() {
    let id = "4f0c2b6a8d1e4f0c2b6a8d1e4f0c2b6a";
    assert!(Cli::try_parse_from(["soukctl", "messages", "dead", "drop", id]).is_err());
    assert!(Cli::try_parse_from(["soukctl", "messages", "dead", "drop", id, "--yes"]).is_ok());
}

#[test]
fn what_makes_no_sense_is_refused_before_anybody_is_asked() {
    for wrong in [
        vec!["soukctl", "tenants", "where", "Atlas"],
        vec!["soukctl", "explain", "users/0190-ab/orders"],
        vec!["soukctl", "streams", "show", "users/0190-ab"],
        vec!["soukctl", "cells", "list", "--zone", "Casablanca"],
        vec!["soukctl", "cells", "list", "--timeout", "0"],
        vec!["soukctl", "operators", "grant", "vendors/atlas"],
    ] {
        let refused = Cli::try_parse_from(&wrong).unwrap_err();
        assert_eq!(refused.exit_code(), 2, "{wrong:?}");
    }
}

#[test]
fn times_show_the_offset_of_their_zone() {
    use crate::zone::At;
    let tokyo: Zone = "Asia/Tokyo".parse().unwrap();
    assert_eq!(tokyo.show(At::millis(MORNING)), "2025-07-20 18:30:00.125 +09:00");
    assert_eq!(tokyo.show(At::NEVER), "-");
}
