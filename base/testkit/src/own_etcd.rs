//! An etcd of a test's own, of one member or more, for what must not befall one that others use.

use std::{
    io,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{Child, Scratch, TestEngine, eventually, free_port};

/// How long a member may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// An etcd that ends with the test.
#[derive(Debug)]
pub struct OwnEtcd {
    members: Vec<Member>,
    scheme: &'static str,
    flags: Vec<String>,
    folder: Scratch,
}

#[derive(Debug)]
struct Member {
    client: u16,
    peer: u16,
    child: Option<Child>,
}

impl OwnEtcd {
    /// Starts so many members, with flags beside the usual ones, and waits until they answer; nothing, and the test is skipped, where
    /// [`TestEngine`] knows of no etcd either. `secured` says that the flags make it speak TLS to its clients: then nobody waits.
    ///
    /// Errors: those of starting.
    pub async fn start(
        members: usize,
        flags: &[String],
        secured: bool,
    ) -> io::Result<Option<Self>> {
        if TestEngine::Etcd.members().is_none() {
            return Ok(None);
        }
        let member = |_| Ok(Member { client: free_port()?, peer: free_port()?, child: None });
        let mut own = Self {
            members: (0..members).map(member).collect::<io::Result<_>>()?,
            scheme: if secured { "https" } else { "http" },
            flags: flags.to_vec(),
            folder: Scratch::new("etcd")?,
        };
        for number in 0..members {
            own.restart(number)?;
        }
        if !secured {
            own.until_all_answer().await?;
        }
        Ok(Some(own))
    }

    /// Where its members are, as `host:port`.
    pub fn endpoints(&self) -> Vec<String> {
        self.members.iter().map(|member| format!("127.0.0.1:{}", member.client)).collect()
    }

    /// Kills a member as `kill -9` does.
    ///
    /// Errors: those of the kernel.
    pub fn kill(&mut self, number: usize) -> io::Result<()> {
        self.members[number].child.take().map_or(Ok(()), |mut child| child.kill())
    }

    /// Starts a member on its data.
    ///
    /// Errors: those of starting.
    pub fn restart(&mut self, number: usize) -> io::Result<()> {
        let name = |number: usize| format!("m{number}");
        let url = |scheme: &str, port: u16| format!("{scheme}://127.0.0.1:{port}");
        let all = self.members.iter().enumerate();
        let all: Vec<_> =
            all.map(|(at, mate)| format!("{}={}", name(at), url("http", mate.peer))).collect();
        let member = &self.members[number];
        let (client, peer) = (url(self.scheme, member.client), url("http", member.peer));
        let mut command = Command::new(program());
        command.args(["--name", &name(number)]).arg("--data-dir").arg(self.data(number));
        command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
        command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
        command.args(["--initial-cluster", &all.join(",")]).args(&self.flags);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.members[number].child = Some(Child::start(&mut command)?);
        Ok(())
    }

    /// The member that leads the others.
    ///
    /// Errors: none does in time.
    pub async fn leader(&self) -> io::Result<usize> {
        let found = eventually(PATIENCE, async || {
            for (number, member) in self.members.iter().enumerate() {
                let Ok(said) = self.post(number, "/v3/maintenance/status", "{}").await else {
                    continue;
                };
                let id = field(&said, "member_id");
                if member.child.is_some() && id.is_some() && id == field(&said, "leader") {
                    return Ok(number);
                }
            }
            Err("no member leads")
        });
        found.await.map_err(io::Error::other)
    }

    /// What a member answers to JSON, as etcd's gateway has it.
    ///
    /// Errors: it does not answer, or says no.
    pub async fn post(&self, number: usize, path: &str, json: &str) -> io::Result<String> {
        let at = format!("127.0.0.1:{}", self.members[number].client);
        let mut stream = TcpStream::connect(&at).await?;
        let request = format!(
            "POST {path} HTTP/1.0\r\nhost: {at}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{json}",
            json.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let well = answer.split(' ').nth(1) == Some("200");
        if well { Ok(answer) } else { Err(io::Error::other(format!("{path}: {answer}"))) }
    }

    async fn until_all_answer(&self) -> io::Result<()> {
        for number in 0..self.members.len() {
            let read = "{\"key\":\"aGVhbHRo\"}";
            let answers =
                eventually(PATIENCE, async || self.post(number, "/v3/kv/range", read).await);
            answers.await.map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn data(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("m{number}"))
    }
}

/// Debian installs it where the path of a service may not lead.
fn program() -> PathBuf {
    let usual = PathBuf::from("/usr/bin/etcd");
    if usual.exists() { usual } else { "etcd".into() }
}

/// A field of flat JSON whose value is a text.
fn field<'j>(json: &'j str, name: &str) -> Option<&'j str> {
    let (_, behind) = json.split_once(&format!("\"{name}\":\""))?;
    behind.split('"').next()
}
