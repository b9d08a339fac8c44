//! Hands the listening sockets of a router to the process that follows it, so that between the two no connection is refused.
//!
//! The one that runs waits at a Unix socket. The one that follows connects, is sent the sockets, serves, and says so; then the first
//! drains and ends. Both serve for a moment, from one queue of connections. If the follower fails before it serves, nothing has
//! changed.

use std::{
    fs::{Permissions, rename, set_permissions},
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    net::{SocketAddr, TcpListener},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::fs::PermissionsExt as _,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base_fault::{Code, Fault, chain};
use rustix::{
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    },
    process::geteuid,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, Interest},
    net::{UnixListener, UnixStream},
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};

/// What is sent with the sockets, so that no other program's are taken for them; behind it, what each of them is for.
const GREETING: &str = "souk-router sockets 1";
const GREETING_LEN_MAX: usize = 200;
/// What the one that follows says once it serves.
const SERVING: u8 = b'!';
/// Sockets at most: clients with and without TLS, admin.
const SOCKETS_MAX: usize = 3;
/// How long the one that follows may take from the sockets to its first request; and to be sent them.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause after a follower that came to nothing.
const PAUSE: Duration = Duration::from_millis(100);

/// A listening socket and the setting that says where it listens.
pub(crate) type Purposed<S> = (&'static str, S);

/// The sockets of the process before, as long as this one has not taken them.
#[derive(Debug, Default)]
pub(crate) struct Inherited {
    sockets: Vec<(String, TcpListener)>,
    before: Option<UnixStream>,
}

impl Inherited {
    /// Those of the process that waits at `path`; none if nobody does, or there is no such path.
    pub(crate) async fn of(path: Option<&Path>) -> Result<Self, Fault> {
        let Some(path) = path else { return Ok(Self::default()) };
        let before = match UnixStream::connect(path).await {
            Ok(before) => before,
            Err(error) if nobody(&error) => return Ok(Self::default()),
            Err(error) => return Err(broken(path, error)),
        };
        let sent = timeout(PATIENCE, before.async_io(Interest::READABLE, || receive(&before)));
        let sent = sent.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let sockets = sent.map_err(|error| broken(path, error))?;
        Ok(Self { sockets, before: Some(before) })
    }

    /// Whether there is a process before.
    pub(crate) fn is_from_another(&self) -> bool {
        self.before.is_some()
    }

    /// The socket at this address, if it is among them; at port 0 the one that had the same purpose, at any port.
    pub(crate) fn take(&mut self, purpose: &str, place: SocketAddr) -> Option<TcpListener> {
        let fits = |(of, socket): &(String, TcpListener)| {
            let anywhere = place.port() == 0 && of == purpose;
            socket.local_addr().is_ok_and(|at| at == place || (anywhere && at.ip() == place.ip()))
        };
        let at = self.sockets.iter().position(fits)?;
        Some(self.sockets.remove(at).1)
    }

    /// Tells the process before that this one serves. What was not taken is closed.
    async fn serving(self, path: &Path) -> Result<(), Fault> {
        let Some(mut before) = self.before else { return Ok(()) };
        before.write_all(&[SERVING]).await.map_err(|error| broken(path, error))
    }
}

/// This process's place among those that follow each other. Dropped, it gives the place up.
#[derive(Debug)]
pub(crate) struct Succession {
    followed: Arc<Notify>,
    offer: Option<JoinHandle<()>>,
}

impl Succession {
    /// Takes the place of the process before, now that this one serves, and offers its own sockets at `path` to the next.
    pub(crate) async fn begin(
        path: Option<&Path>,
        before: Inherited,
        sockets: Vec<Purposed<OwnedFd>>,
    ) -> Result<Self, Fault> {
        let followed = Arc::new(Notify::new());
        let Some(path) = path else { return Ok(Self { followed, offer: None }) };
        let offer = Offer::beside(path, sockets)?;
        before.serving(path).await?;
        // From here on clients depend on this process: it goes on whatever fails.
        if let Err(fault) = offer.stand_at(path) {
            tracing::error!(cause = chain(&fault), "no process can follow this one");
        }
        let tell = Arc::clone(&followed);
        let offer = tokio::spawn(async move {
            offer.taken().await;
            tell.notify_one();
        });
        Ok(Self { followed, offer: Some(offer) })
    }

    /// Waits until another process serves in this one's place. Nothing is missed by giving up the wait.
    pub(crate) async fn followed(&self) {
        self.followed.notified().await;
    }

    /// Lets go of the sockets; says whether another process has them.
    pub(crate) async fn end(&mut self) -> bool {
        let Some(offer) = self.offer.take() else { return false };
        offer.abort();
        // Aborted too late, it has ended by itself.
        offer.await.is_ok()
    }
}

impl Drop for Succession {
    fn drop(&mut self) {
        if let Some(offer) = &self.offer {
            offer.abort();
        }
    }
}

/// The sockets for the process that follows.
#[derive(Debug)]
struct Offer {
    sockets: Vec<Purposed<OwnedFd>>,
    door: UnixListener,
    /// Where the door is as long as the process before has the place.
    aside: PathBuf,
}

impl Offer {
    /// Makes ready to wait at `path`.
    fn beside(path: &Path, sockets: Vec<Purposed<OwnedFd>>) -> Result<Self, Fault> {
        let failed = |error| broken(path, error);
        let aside = path.with_extension(std::process::id().to_string());
        // A process of the same number that was killed may have left it.
        let _ = std::fs::remove_file(&aside);
        let door = UnixListener::bind(&aside).map_err(failed)?;
        // Whoever gets the sockets gets the clients.
        set_permissions(&aside, Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { sockets, door, aside })
    }

    /// Waits at `path` from now on, in the place of whoever waited there before.
    fn stand_at(&self, path: &Path) -> Result<(), Fault> {
        rename(&self.aside, path).map_err(|error| broken(path, error))
    }

    /// Returns once another process serves with the sockets.
    async fn taken(self) {
        loop {
            let handed = match self.door.accept().await {
                Ok((mut next, _)) => self.hand_over(&mut next).await,
                Err(error) => Err(error),
            };
            match handed {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%error, "the sockets were not taken over");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn hand_over(&self, next: &mut UnixStream) -> io::Result<()> {
        // Between its making and its permissions the door stood open to others.
        if next.peer_cred()?.uid() != geteuid().as_raw() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let served = async {
            next.async_io(Interest::WRITABLE, || self.send(next)).await?;
            next.read_u8().await
        };
        match timeout(PATIENCE, served).await {
            Ok(Ok(SERVING)) => Ok(()),
            Ok(Ok(_)) => Err(io::ErrorKind::InvalidData.into()),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn send(&self, next: &UnixStream) -> io::Result<()> {
        let sockets: Vec<_> = self.sockets.iter().map(|(_, socket)| socket.as_fd()).collect();
        let purposes = self.sockets.iter().map(|(purpose, _)| *purpose);
        let greeting: Vec<_> = std::iter::once(GREETING).chain(purposes).collect();
        let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS_MAX))];
        let mut beside = SendAncillaryBuffer::new(&mut room);
        if !beside.push(SendAncillaryMessage::ScmRights(&sockets)) {
            return Err(io::Error::other("more sockets than are ever handed over"));
        }
        let greeting = greeting.join("\n");
        sendmsg(next, &[IoSlice::new(greeting.as_bytes())], &mut beside, SendFlags::empty())?;
        Ok(())
    }
}

fn receive(before: &UnixStream) -> io::Result<Vec<(String, TcpListener)>> {
    let mut greeting = [0; GREETING_LEN_MAX];
    let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(SOCKETS_MAX))];
    let mut beside = RecvAncillaryBuffer::new(&mut room);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let read = recvmsg(before, &mut [IoSliceMut::new(&mut greeting)], &mut beside, flags)?;
    let sockets = beside.drain().filter_map(|message| {
        if let RecvAncillaryMessage::ScmRights(sockets) = message { Some(sockets) } else { None }
    });
    let sockets: Vec<_> = sockets.flatten().map(TcpListener::from).collect();
    let greeting = String::from_utf8_lossy(&greeting[..read.bytes]);
    let mut words = greeting.split('\n');
    if words.next() != Some(GREETING) {
        return Err(io::Error::other("who waits there is no router"));
    }
    Ok(words.map(str::to_owned).zip(sockets).collect())
}

fn nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn broken(path: &Path, error: io::Error) -> Fault {
    let text = format!("the ports cannot be handed over at {}", path.display());
    Fault::ours(Code::Internal, text).because(error)
}
