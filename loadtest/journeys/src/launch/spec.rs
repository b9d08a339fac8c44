//! With which words each process of a fleet is started.

use std::{fmt, net::SocketAddr, path::Path};

use super::{Place, Ports, Program};

/// Signs what the stand-in tells the cells.
const WEBHOOK_SECRET: &str = "whsec_souk_dev";
/// The key under which the cells call the stand-in.
const CARD_KEY: &str = "sk_test_souk_dev";

/// A part of a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// The control plane.
    ControlPlane,
    /// The payment stand-in.
    Stripe,
    /// A cell, counted from 1.
    Cell(u16),
    /// The router.
    Router,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ControlPlane => f.write_str("control-plane"),
            Self::Stripe => f.write_str("stripe"),
            Self::Cell(number) => write!(f, "cell-{number}"),
            Self::Router => f.write_str("router"),
        }
    }
}

/// Where everybody listens.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    pub(super) control_plane: SocketAddr,
    pub(super) control_plane_admin: SocketAddr,
    pub(super) stripe: SocketAddr,
    pub(super) router: SocketAddr,
    pub(super) router_admin: SocketAddr,
    pub(super) cells: Vec<CellAddresses>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct CellAddresses {
    pub(super) edge: SocketAddr,
    pub(super) mesh: SocketAddr,
    pub(super) admin: SocketAddr,
}

impl Addresses {
    pub(super) fn claim(ports: &mut Ports, cells: u16) -> anyhow::Result<Self> {
        let mut claim = |listener: &str| ports.claim(listener);
        Ok(Self {
            router: claim("router")?,
            router_admin: claim("router admin")?,
            control_plane: claim("control plane")?,
            control_plane_admin: claim("control plane admin")?,
            stripe: claim("stripe")?,
            cells: (1..=cells)
                .map(|number| {
                    Ok(CellAddresses {
                        edge: claim(&format!("cell-{number} edge"))?,
                        mesh: claim(&format!("cell-{number} mesh"))?,
                        admin: claim(&format!("cell-{number} admin"))?,
                    })
                })
                .collect::<anyhow::Result<_>>()?,
        })
    }
}

/// Every process, in the order in which they are told of.
pub(super) fn programs(
    binaries: &Path,
    place: &Place,
    at: &Addresses,
    filter: &str,
) -> anyhow::Result<Vec<Program>> {
    let mut programs =
        vec![control_plane(binaries, place, at, filter), stripe(binaries, place, at)];
    for (number, cell) in (1..).zip(&at.cells) {
        programs.push(one_cell(binaries, place, at, number, *cell, filter)?);
    }
    programs.push(router(binaries, place, at, filter));
    Ok(programs)
}

fn control_plane(binaries: &Path, place: &Place, at: &Addresses, filter: &str) -> Program {
    let member = Member::ControlPlane;
    let args = Args::default()
        .with("--listen", at.control_plane)
        .with("--admin", at.control_plane_admin)
        .with("--data-dir", place.data("control-plane").display())
        .with("--settle-at", at.cells.len())
        .with("--log", filter);
    let ready = format!("http://{}/readyz", at.control_plane_admin);
    Program::new(member, binaries.join("souk-control-plane"), args.0, ready, place)
}

fn one_cell(
    binaries: &Path,
    place: &Place,
    at: &Addresses,
    number: u16,
    cell: CellAddresses,
    filter: &str,
) -> anyhow::Result<Program> {
    let member = Member::Cell(number);
    let args = Args::default()
        .with("--name", member)
        .with("--edge", cell.edge)
        .with("--mesh", cell.mesh)
        .with("--admin", cell.admin)
        .with("--data-dir", place.data(&member.to_string()).display())
        .with("--control-plane", format_args!("http://{}", at.control_plane))
        .set("outside.secret_file", place.secret_file()?.display())
        .set("outside.mail.folder", place.mail().display())
        .set("outside.cards.api_url", format_args!("http://{}", at.stripe))
        .set("outside.cards.webhook_base_url", format_args!("http://{}", at.router))
        .with("--log", filter);
    let ready = format!("http://{}/readyz", cell.admin);
    // Everybody on the machine can read arguments; the environment is the owner's.
    let program = Program::new(member, binaries.join("souk-cell"), args.0, ready, place)
        .with_secret("SOUK_CELL__OUTSIDE__CARDS__SECRET_KEY", CARD_KEY)
        .with_secret("SOUK_CELL__OUTSIDE__CARDS__WEBHOOK_SECRET", WEBHOOK_SECRET);
    Ok(program)
}

fn router(binaries: &Path, place: &Place, at: &Addresses, filter: &str) -> Program {
    let mut args = Args::default()
        .with("--name", "router-1")
        .with("--listen", at.router)
        .with("--admin", at.router_admin)
        .with("--data-dir", place.data("router").display())
        .with("--control-plane", format_args!("http://{}", at.control_plane))
        .with("--public-url", format_args!("http://{}", at.router))
        .with("--log", filter);
    // All clients of a fleet on one machine share one address: a limit for one would be a limit for all. Where one class of routes is
    // named, the others have no limit of their own.
    for limit in ["address", "tenant", "routes.sign_in"] {
        for field in ["per_second", "burst"] {
            args = args.set(&format!("limits.{limit}.{field}"), 1_000_000);
        }
    }
    let ready = format!("http://{}/readyz", at.router_admin);
    Program::new(Member::Router, binaries.join("souk-router"), args.0, ready, place)
}

fn stripe(binaries: &Path, place: &Place, at: &Addresses) -> Program {
    let args = Args::default()
        .with("--listen", at.stripe)
        .with("--state", place.data("stripe.jsonl").display())
        .with("--webhook-backoff-ms", 100);
    let ready = format!("http://{}/_script/state", at.stripe);
    Program::new(Member::Stripe, binaries.join("stripe-stand-in"), args.0, ready, place)
        .with_secret("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
}

#[derive(Default)]
struct Args(Vec<String>);

impl Args {
    fn with(mut self, flag: &str, value: impl fmt::Display) -> Self {
        self.0.extend([flag.to_owned(), value.to_string()]);
        self
    }

    fn set(self, key: &str, value: impl fmt::Display) -> Self {
        self.with("--set", format_args!("{key}={value}"))
    }
}
