//! Identities as an operator makes and uses them.

use std::{
    path::Path,
    process::{Command, Output},
};

use base_identity::{Config, Door, Passport, Role};
use souk_proto_fleet::{
    GRPC, Only, incoming,
    v1::{cell_admin_server::CellAdminServer, operator_server::OperatorServer},
};
use tokio::net::TcpListener;
use tonic::transport::Server;

use crate::fleet::Stage;

const OPERATORS: &[Role] = &[Role::Operator];

fn run(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soukctl"));
    command.env_remove("SOUKCTL_IDENTITY").args(arguments);
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

fn done(arguments: &[&str]) -> String {
    let (code, said) = run(arguments);
    assert_eq!(code, 0, "{said}");
    said
}

/// An authority with the identities that it issues, made with the program.
struct Made(tempfile::TempDir);

impl Made {
    fn new() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        done(&["identity", "authority", "--fleet", "souk.example", "--out", &made.at("authority")]);
        made
    }

    fn at(&self, folder: &str) -> String {
        self.0.path().join(folder).display().to_string()
    }

    fn issue(&self, role: &str, name: &str) -> String {
        let (authority, out) = (self.at("authority"), self.at(name));
        done(&["identity", "issue", role, name, "--authority", &authority, "--out", &out])
    }

    fn passport(&self, role: Role, name: &str) -> Passport {
        self.issue(role.as_str(), name);
        let files = Config::in_folder(Path::new(&self.at(name)));
        Passport::read(&files, role, Some(name)).unwrap()
    }
}

#[test]
fn an_authority_is_made_once_and_issues_what_processes_take() {
    let made = Made::new();
    let authority = made.at("authority");
    let again = ["identity", "authority", "--fleet", "souk.example", "--out", &authority];
    let (code, said) = run(&again);
    assert_eq!((code, said.contains("is there already")), (1, true), "{said}");
    let said = made.issue("cell", "cell-1");
    for line in ["spiffe://souk.example/cell/cell-1", "identity.key", "authorities.crt"] {
        assert!(said.contains(line), "{said}");
    }
    assert_eq!(made.passport(Role::Router, "router-1").identity().name(), "router-1");
    for wrong in [["cell", "Cell 1"], ["king", "cell-1"]] {
        let out = made.at("wrong");
        let (code, said) = run(&[
            "identity",
            "issue",
            wrong[0],
            wrong[1],
            "--authority",
            &authority,
            "--out",
            &out,
        ]);
        assert!(code == 1 || code == 2, "{said}");
        assert!(!Path::new(&out).exists());
    }
}

#[tokio::test]
async fn an_operator_asks_with_an_identity_and_hears_who_answers_in_the_place_of_another() {
    let made = Made::new();
    let (plane, cell) =
        (made.passport(Role::ControlPlane, "control-plane"), made.passport(Role::Cell, "cell-1"));
    let listen = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (plane_listener, cell_listener) = (listen().await, listen().await);
    let address = plane_listener.local_addr().unwrap().to_string();
    let stage = Stage::of(cell_listener.local_addr().unwrap(), "cell-1");
    let doors = [&plane, &cell].map(|passport| Door::new("p", Some(passport), OPERATORS, GRPC));
    let only = doors.each_ref().map(|door| Only::of(door, OPERATORS));
    let [plane_door, cell_door] = doors;
    let [plane_only, cell_only] = only;
    let operator = OperatorServer::with_interceptor(stage.clone(), plane_only);
    let admin = CellAdminServer::with_interceptor(stage, cell_only);
    tokio::spawn(
        Server::builder()
            .add_service(operator)
            .serve_with_incoming(incoming(plane_listener, plane_door)),
    );
    tokio::spawn(
        Server::builder()
            .add_service(admin)
            .serve_with_incoming(incoming(cell_listener, cell_door)),
    );
    made.issue("operator", "leila");
    let ask = async |identity: &str, question: &[&str]| {
        let identity = made.at(identity);
        let place = ["--control-plane", &address, "--identity", &identity];
        let arguments: Vec<String> =
            place.iter().chain(question).map(ToString::to_string).collect();
        let asked = tokio::task::spawn_blocking(move || {
            run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        });
        asked.await.unwrap()
    };
    let (code, said) = ask("leila", &["cells", "list"]).await;
    assert_eq!(code, 0, "{said}");
    let (code, said) = ask("leila", &["operators", "grant", "users/leila"]).await;
    assert_eq!((code, said.contains("users/leila")), (0, true), "over the cell's own port: {said}");

    // A cell's files are no operator's.
    let (code, said) = ask("cell-1", &["cells", "list"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("is the identity of spiffe://souk.example/cell/cell-1"), "{said}");

    // Who has no identity speaks plaintext, and hears nothing.
    let place = address.clone();
    let asked =
        tokio::task::spawn_blocking(move || run(&["--control-plane", &place, "cells", "list"]));
    let (code, said) = asked.await.unwrap();
    assert_ne!(code, 0, "{said}");

    // The identity of another fleet's authority: nobody believes it, and it believes nobody.
    let foreign = Made::new();
    foreign.issue("operator", "leila");
    let identity = foreign.at("leila");
    let asked = tokio::task::spawn_blocking(move || {
        run(&["--control-plane", &address, "--identity", &identity, "cells", "list"])
    });
    let (code, said) = asked.await.unwrap();
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("shows a certificate of another authority"), "{said}");
}
