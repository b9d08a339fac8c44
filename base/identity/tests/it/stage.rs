//! A fleet with an authority, processes with identities, and a port that one of them keeps.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use base_identity::{Admitted, Authority, Config, Door, Expected, Passport, Peer, Refusal, Role};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

/// How long what is issued here is good for.
pub(crate) const WEEK: Duration = Duration::from_hours(7 * 24);
/// Who may come to the port that tests knock on.
pub(crate) const ROUTERS: &[Role] = &[Role::Router];

/// A fleet.
pub(crate) struct Fleet {
    pub(crate) authority: Authority,
    folder: TempDir,
}

impl Fleet {
    pub(crate) fn new(name: &str) -> Self {
        let authority = Authority::make(name, WEEK).unwrap();
        Self { authority, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self, of: &str) -> PathBuf {
        self.folder.path().join(of)
    }

    /// Issues an identity; returns where its files are.
    pub(crate) fn issue(&self, role: Role, name: &str) -> Config {
        let issued = self.authority.issue(role, name, WEEK).unwrap();
        issued.write(&self.folder(&format!("{role}-{name}"))).unwrap()
    }

    pub(crate) fn passport(&self, role: Role, name: &str) -> Passport {
        Passport::read(&self.issue(role, name), role, Some(name)).unwrap()
    }
}

/// A port that says to each who comes in who it took it for, in its own words.
pub(crate) struct Port {
    pub(crate) address: SocketAddr,
    pub(crate) passport: Passport,
    outcomes: tokio::sync::mpsc::UnboundedReceiver<Result<Peer, Refusal>>,
    task: JoinHandle<()>,
}

impl Port {
    /// The port of `cell-1`, for routers.
    pub(crate) async fn of_cell_1(fleet: &Fleet) -> Self {
        Self::of(fleet.passport(Role::Cell, "cell-1"), ROUTERS).await
    }

    pub(crate) async fn of(passport: Passport, roles: &'static [Role]) -> Self {
        let door = Door::new("edge", Some(&passport), roles, &[]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, outcomes) = tokio::sync::mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            loop {
                let (stream, from) = listener.accept().await.unwrap();
                let (door, tell) = (door.clone(), tell.clone());
                tokio::spawn(async move {
                    let admitted = door.admit(stream, from).await;
                    tell.send(admitted.as_ref().map(|a| a.peer().clone()).map_err(Clone::clone))
                        .unwrap();
                    if let Ok(admitted) = admitted {
                        greet(admitted).await;
                    }
                });
            }
        });
        Self { address, passport, outcomes, task }
    }

    /// What became of the next one who knocked.
    pub(crate) async fn outcome(&mut self) -> Result<Peer, Refusal> {
        self.outcomes.recv().await.unwrap()
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn greet(mut admitted: Admitted) {
    let words = admitted.peer().to_string();
    admitted.write_all(words.as_bytes()).await.unwrap();
    admitted.shutdown().await.unwrap();
}

/// Comes to a port as `passport`; returns whom the port took it for.
pub(crate) async fn visit(
    passport: &Passport,
    address: SocketAddr,
    expected: &Expected,
) -> std::io::Result<String> {
    let mut stream = passport.dial(&address.to_string(), expected, &[]).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

/// `cell-1`.
pub(crate) fn cell_1() -> Expected {
    Expected::one(Role::Cell, "cell-1")
}
