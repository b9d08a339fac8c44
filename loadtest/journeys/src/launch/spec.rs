//! With which words each process of a fleet is started.

use std::{fmt, net::SocketAddr, path::Path};

use base_identity::Role;

use loadtest_engines::{ACCESS_KEY, BUCKET, Engine, SECRET_KEY};

use super::{Engines, Ground, Place, Ports, Program, identities::Identities};

/// Name of the router.
const ROUTER: &str = "router-1";

/// Signs what the stand-in tells the cells.
const WEBHOOK_SECRET: &str = "whsec_souk_dev";
/// The key under which the cells call the stand-in.
const CARD_KEY: &str = "sk_test_souk_dev";

/// Where one router waits for the next, below the place of the fleet.
const HANDOVER: &str = "data/router.handover";

/// A part of a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// The control plane; of several the first one.
    ControlPlane,
    /// Another control plane beside the first one, counted from 2.
    Replica(u8),
    /// The payment stand-in.
    Stripe,
    /// A cell, counted from 1; of several processes the first one.
    Cell(u16),
    /// Another process of that cell, counted from 2.
    Pod(u16, u8),
    /// The router.
    Router,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlPlane => f.write_str("control-plane"),
            Self::Replica(number) => write!(f, "control-plane-{number}"),
            Self::Stripe => f.write_str("stripe"),
            Self::Cell(number) => write!(f, "cell-{number}"),
            Self::Pod(number, pod) => write!(f, "cell-{number}-pod-{pod}"),
            Self::Router => f.write_str("router"),
        }
    }
}

/// Where everybody listens.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    /// One, or several that are one.
    pub(super) control_planes: Vec<PlaneAddresses>,
    pub(super) stripe: SocketAddr,
    /// Where clients come in.
    pub(super) router: SocketAddr,
    /// Where the payment stand-in comes in, which speaks no TLS.
    pub(super) router_plain: SocketAddr,
    pub(super) router_admin: SocketAddr,
    /// By cell, the processes of each.
    pub(super) cells: Vec<Vec<CellAddresses>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct PlaneAddresses {
    pub(super) listen: SocketAddr,
    pub(super) admin: SocketAddr,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct CellAddresses {
    pub(super) edge: SocketAddr,
    pub(super) mesh: SocketAddr,
    pub(super) admin: SocketAddr,
}

impl Addresses {
    pub(super) fn claim(ports: &mut Ports, cells: u16, ground: Ground) -> anyhow::Result<Self> {
        let mut claim = |listener: &str| ports.claim(listener);
        Ok(Self {
            router: claim("router TLS")?,
            router_plain: claim("router")?,
            router_admin: claim("router admin")?,
            control_planes: (1..=ground.control_planes)
                .map(|number| {
                    let name = if number == 1 { String::new() } else { format!(" {number}") };
                    Ok(PlaneAddresses {
                        listen: claim(&format!("control plane{name}"))?,
                        admin: claim(&format!("control plane{name} admin"))?,
                    })
                })
                .collect::<anyhow::Result<_>>()?,
            stripe: claim("stripe")?,
            cells: (1..=cells)
                .map(|number| {
                    let pods = (1..=ground.pods_of(number)).map(|pod| {
                        let member = pod_of(number, pod);
                        Ok(CellAddresses {
                            edge: claim(&format!("{member} edge"))?,
                            mesh: claim(&format!("{member} mesh"))?,
                            admin: claim(&format!("{member} admin"))?,
                        })
                    });
                    pods.collect()
                })
                .collect::<anyhow::Result<_>>()?,
        })
    }

    /// The processes of all cells.
    pub(super) fn pods(&self) -> impl Iterator<Item = (Member, CellAddresses)> {
        (1..).zip(&self.cells).flat_map(|(number, pods)| {
            (1..).zip(pods).map(move |(pod, at)| (pod_of(number, pod), *at))
        })
    }
}

fn pod_of(cell: u16, pod: u8) -> Member {
    if pod == 1 { Member::Cell(cell) } else { Member::Pod(cell, pod) }
}

impl Addresses {
    /// All control planes, as everybody is told of them.
    pub(super) fn planes(&self) -> String {
        let each: Vec<_> =
            self.control_planes.iter().map(|plane| format!("https://{}", plane.listen)).collect();
        each.join(",")
    }
}

/// What all processes are started with.
pub(super) struct Setting<'s> {
    pub(super) binaries: &'s Path,
    pub(super) place: &'s Place,
    pub(super) at: &'s Addresses,
    pub(super) identities: &'s Identities,
    pub(super) filter: &'s str,
    pub(super) engines: &'s Engines,
    pub(super) ground: Ground,
}

impl Setting<'_> {
    /// Every process, in the order in which they are told of.
    pub(super) fn programs(&self) -> anyhow::Result<Vec<Program>> {
        let mut programs = Vec::new();
        for (number, plane) in (1..).zip(&self.at.control_planes) {
            programs.push(self.control_plane(number, *plane)?);
        }
        programs.push(self.stripe());
        for (member, cell) in self.at.pods() {
            programs.push(self.one_pod(member, cell)?);
        }
        programs.push(self.router()?);
        Ok(programs)
    }

    fn control_plane(&self, number: u8, plane: PlaneAddresses) -> anyhow::Result<Program> {
        let Self { binaries, place, at, .. } = self;
        let member = if number == 1 { Member::ControlPlane } else { Member::Replica(number) };
        let name = member.to_string();
        let identity = self.identities.issue(Role::ControlPlane, &name)?;
        let mut args = Args::default()
            .with("--listen", plane.listen)
            .with("--admin", plane.admin)
            .with("--data-dir", place.data(&name).display())
            .with("--settle-at", at.cells.len())
            .identity(&identity)
            .with("--log", self.filter);
        if let Some(endpoints) = self.nodes(Engine::Etcd) {
            args =
                args.set("name", name).set("etcd.endpoints", endpoints).set("etcd.lease_secs", 3);
        }
        let ready = format!("http://{}/readyz", plane.admin);
        Ok(Program::new(member, binaries.join("souk-control-plane"), args.0, ready, place))
    }

    fn one_pod(&self, member: Member, cell: CellAddresses) -> anyhow::Result<Program> {
        let Self { binaries, place, at, .. } = self;
        let (Member::Cell(number) | Member::Pod(number, _)) = member else {
            anyhow::bail!("{member} is not of a cell");
        };
        let name = Member::Cell(number);
        let identity = self.identities.issue(Role::Cell, &name.to_string())?;
        let mut args = Args::default()
            .with("--name", name)
            .with("--edge", cell.edge)
            .with("--mesh", cell.mesh)
            .with("--admin", cell.admin)
            .with("--data-dir", place.data(&member.to_string()).display())
            .with("--control-plane", at.planes())
            .identity(&identity)
            .set("outside.secret_file", place.secret_file()?.display())
            .set("outside.mail.folder", place.mail().display())
            .set("outside.cards.api_url", format_args!("http://{}", at.stripe))
            .set("outside.cards.webhook_base_url", format_args!("http://{}", at.router_plain))
            .with("--log", self.filter);
        if let Member::Pod(_, pod) = member {
            args = args.set("pod", format_args!("pod-{pod}"));
        }
        if self.ground.bears(number) {
            args = self.on_engines(args, number);
        }
        let ready = format!("http://{}/readyz", cell.admin);
        // Everybody on the machine can read arguments; the environment is the owner's.
        let mut program = Program::new(member, binaries.join("souk-cell"), args.0, ready, place)
            .with_secret("SOUK_CELL__OUTSIDE__CARDS__SECRET_KEY", CARD_KEY)
            .with_secret("SOUK_CELL__OUTSIDE__CARDS__WEBHOOK_SECRET", WEBHOOK_SECRET);
        if self.ground.bears(number) {
            program = program.with_secret("SOUK_CELL__BLOBS__S3__SECRET_KEY", SECRET_KEY);
        }
        Ok(program)
    }

    /// Where a cell finds its engines: one of each for all cells, which keep apart by their names there.
    fn on_engines(&self, mut args: Args, cell: u16) -> Args {
        if let Some(nodes) = self.nodes(Engine::Cassandra) {
            args = args
                .set("scylla.nodes", nodes)
                .set("scylla.keyspace", format_args!("souk_cell_{cell}"))
                .set("scylla.replication", 1);
        }
        if let Some(brokers) = self.nodes(Engine::Kafka) {
            args = args.set("kafka.brokers", brokers).set("kafka.replication", 1);
        }
        if let Some(address) = self.engines.addresses(Engine::Redis).first() {
            args = args.set("redis.address", address);
        }
        if let Some(address) = self.engines.addresses(Engine::S3).first() {
            args = args
                .set("blobs.s3.bucket", BUCKET)
                .set("blobs.s3.endpoint", format_args!("http://{address}"))
                .set("blobs.s3.access_key", ACCESS_KEY);
        }
        args
    }

    fn router(&self) -> anyhow::Result<Program> {
        let Self { binaries, place, at, .. } = self;
        let identity = self.identities.issue(Role::Router, ROUTER)?;
        let front = self.identities.front()?;
        let mut args = Args::default()
            .with("--name", ROUTER)
            .with("--tls-listen", at.router)
            .with("--tls-certificate", front.certificate.display())
            .with("--tls-key", front.key.display())
            .with("--listen", at.router_plain)
            .with("--admin", at.router_admin)
            .with("--data-dir", place.data("router").display())
            // From where it is started: the path of a socket must be short.
            .with("--handover", HANDOVER)
            .with("--control-plane", at.planes())
            .identity(&identity)
            .with("--public-url", format_args!("https://{}", at.router))
            .with("--log", self.filter);
        args.0.push("--secure-cookies".to_owned());
        // All clients of a fleet on one machine share one address: a limit for one would be a limit for all. Where one class of routes is
        // named, the others have no limit of their own.
        for limit in ["address", "tenant", "routes.sign_in"] {
            for field in ["per_second", "burst"] {
                args = args.set(&format!("limits.{limit}.{field}"), 1_000_000);
            }
        }
        let ready = format!("http://{}/readyz", at.router_admin);
        Ok(Program::new(Member::Router, binaries.join("souk-router"), args.0, ready, place))
    }

    /// The nodes of an engine, as a setting names them; nothing if it has none.
    fn nodes(&self, engine: Engine) -> Option<String> {
        let addresses = self.engines.addresses(engine);
        let each: Vec<_> = addresses.iter().map(|at| format!("\"{at}\"")).collect();
        (!each.is_empty()).then(|| format!("[{}]", each.join(",")))
    }

    fn stripe(&self) -> Program {
        let Self { binaries, place, at, .. } = self;
        let args = Args::default()
            .with("--listen", at.stripe)
            .with("--state", place.data("stripe.jsonl").display())
            .with("--webhook-backoff-ms", 100);
        let ready = format!("http://{}/_script/state", at.stripe);
        Program::new(Member::Stripe, binaries.join("stripe-stand-in"), args.0, ready, place)
            .with_secret("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
    }
}

#[derive(Default)]
struct Args(Vec<String>);

impl Args {
    fn with(mut self, flag: &str, value: impl fmt::Display) -> Self {
        self.0.extend([flag.to_owned(), value.to_string()]);
        self
    }

    /// Who the process is.
    fn identity(self, folder: &Path) -> Self {
        self.with("--identity", folder.display())
    }

    fn set(self, key: &str, value: impl fmt::Display) -> Self {
        self.with("--set", format_args!("{key}={value}"))
    }
}
