//! The command line: what can be asked, each with an example.

use std::{path::PathBuf, time::Duration};

use base_identity::Role;
use base_ids::{StreamName, Tenant, TenantKind};
use clap::{Args, Parser, Subcommand, builder::RangedU64ValueParser};

use crate::{explain::Purchase, holds::Place, out::Format, zone::Zone};

const EXIT_CODES: &str = "Exit codes:\n  0  done\n  1  refused, not found, or (doctor) something is not ok\n  2  the command line makes no sense\n  3  somebody does not answer";

/// Looks into a Souk fleet and sets right what went wrong.
#[derive(Debug, Parser)]
#[command(name = "soukctl", version, after_help = EXIT_CODES, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Everywhere,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Everywhere {
    /// Where the control plane is, or with commas where several that are one are; without it, what .souk/dev/fleet.json says here or
    /// above.
    #[arg(long, global = true, env = "SOUKCTL_CONTROL_PLANE", value_name = "URL")]
    pub(crate) control_plane: Option<String>,
    /// Folder with the identity of an operator, as `soukctl identity issue` makes it; without it, the one of a development fleet,
    /// or none: then only processes on this machine that have none either can be asked.
    #[arg(long, global = true, env = "SOUKCTL_IDENTITY", value_name = "DIR")]
    pub(crate) identity: Option<PathBuf>,
    /// How the answer looks.
    #[arg(short, long, global = true, value_enum, default_value_t)]
    pub(crate) output: Format,
    /// The zone in which times are shown; JSON has UTC.
    #[arg(long, global = true, default_value = base_time::HOME_ZONE)]
    pub(crate) zone: Zone,
    /// How long to wait for an answer, in seconds.
    #[arg(long, global = true, default_value = "5", value_parser = seconds, value_name = "SECONDS")]
    pub(crate) timeout: Duration,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Ask(Question),
    /// Identities: what processes and operators prove themselves with. Nobody is asked.
    #[command(subcommand)]
    Identity(Identity),
}

/// What is asked of the fleet.
#[derive(Debug, Subcommand)]
pub(crate) enum Question {
    /// Cells: who is there, alive, and owns how much.
    #[command(subcommand)]
    Cells(Cells),
    /// Tenants: users, vendors, names and areas of the platform.
    #[command(subcommand)]
    Tenants(Tenants),
    /// Slots: where small tenants live.
    #[command(subcommand)]
    Slots(Slots),
    /// Routers: which table each of them holds.
    #[command(subcommand)]
    Routers(Routers),
    /// Streams: the events of one aggregate.
    #[command(subcommand)]
    Streams(Streams),
    /// Tells a whole purchase, message by message, across cells.
    #[command(after_help = "Example:\n  soukctl explain users/0190f3c2-7d1e/orders/o-2f9c")]
    Explain {
        /// An order group, a vendor's order, a checkout or a payment, by its resource name.
        order: Purchase,
    },
    /// Messages between tenants: those that wait, and those that were given up on.
    #[command(subcommand)]
    Messages(Messages),
    /// Operators of the platform.
    #[command(subcommand)]
    Operators(Operators),
    /// Looks at control plane, cells and routers, and says what to do about what is not ok.
    #[command(after_help = "Example:\n  soukctl doctor && echo all is well")]
    Doctor,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Identity {
    /// Makes an authority, which issues the identities of a fleet.
    #[command(
        after_help = "Example:\n  soukctl identity authority --fleet souk.example --out authority"
    )]
    Authority {
        /// The fleet's name, of the form of a domain; nobody looks it up.
        #[arg(long, value_name = "NAME")]
        fleet: String,
        /// For how many days it is good.
        #[arg(long, default_value_t = 3_650, value_parser = days(36_500), value_name = "DAYS")]
        days: u64,
        /// Folder for authority.crt and authority.key; never written over.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Issues the identity of a process, or of an operator.
    #[command(
        after_help = "Example:\n  soukctl identity issue cell cell-1 --authority authority --out cell-1"
    )]
    Issue {
        /// What it is: router, cell, control-plane or operator.
        role: Role,
        /// Which one: the name in its settings; an operator's own name.
        name: String,
        /// Folder of the authority.
        #[arg(long, value_name = "DIR")]
        authority: PathBuf,
        /// For how many days it is good.
        #[arg(long, default_value_t = 90, value_parser = days(3_650), value_name = "DAYS")]
        days: u64,
        /// Folder for identity.crt, identity.key and authorities.crt; what is there is replaced, which processes notice.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

fn days(most: u64) -> RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=most)
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cells {
    /// Lists all cells.
    #[command(
        after_help = "Example:\n  soukctl cells list -o json | jq '.[] | select(.alive | not) | .cell'"
    )]
    List,
    /// Shows one cell.
    #[command(after_help = "Example:\n  soukctl cells show cell-2")]
    Show {
        /// The cell's name.
        cell: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tenants {
    /// Says in which cell a tenant lives.
    #[command(after_help = "Example:\n  soukctl tenants where vendors/atlas")]
    Where {
        /// The tenant's name: users/<id>, vendors/<id>, names/<id> or platform/<id>.
        name: Tenant,
    },
    /// Places tenants by name where they live: what happens to their slots no longer concerns them.
    #[command(
        after_help = "Example:\n  soukctl tenants pin vendors/atlas vendors/rif --why too-large --by leila"
    )]
    Pin {
        /// The tenants' names.
        #[arg(required = true)]
        names: Vec<Tenant>,
        #[command(flatten)]
        note: Note,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Slots {
    /// Lists how many slots each cell owns.
    #[command(after_help = "Example:\n  soukctl slots list --cell cell-2 --runs")]
    List {
        /// Only those of this cell.
        #[arg(long)]
        cell: Option<String>,
        /// Each run of neighbouring slots.
        #[arg(long)]
        runs: bool,
    },
    /// Lets the writes of a slot or a tenant wait: routers keep them, for some seconds, and cells refuse them; reads go on.
    #[command(
        after_help = "Example:\n  soukctl slots hold vendors/atlas --why disk-of-cell-2 --by leila"
    )]
    Hold {
        /// A slot of four hexadecimal digits, as `slots list --runs` shows, or a tenant.
        place: Place,
        #[command(flatten)]
        note: Note,
    },
    /// Lets them go on, in the order in which they came.
    #[command(
        after_help = "Example:\n  soukctl slots release vendors/atlas --why disk-is-fine --by leila"
    )]
    Release {
        /// A slot or a tenant, as `slots held` shows.
        place: Place,
        #[command(flatten)]
        note: Note,
    },
    /// Lists what is held, since when, by whom and why.
    #[command(after_help = "Example:\n  soukctl slots held -o json | jq -r '.[].place'")]
    Held,
    /// Lists what operators did to ownership, the newest first.
    #[command(after_help = "Example:\n  soukctl slots record --limit 10")]
    Record {
        /// At most so many deeds.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "DEEDS")]
        limit: u32,
    },
}

/// What the record keeps of a deed.
#[derive(Debug, Args)]
pub(crate) struct Note {
    /// What for.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
    /// Who asks.
    #[arg(long, env = "USER", value_name = "NAME")]
    pub(crate) by: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Routers {
    /// Lists all routers.
    #[command(after_help = "Example:\n  soukctl routers list")]
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Streams {
    /// Shows a stream's events with time and cause.
    #[command(after_help = "Example:\n  soukctl streams show vendors/atlas/inventory/stock --full")]
    Show {
        /// The stream's name: <tenant>/<service>/<key>.
        name: StreamName,
        /// Only events behind this version.
        #[arg(long, default_value_t = 0, value_name = "VERSION")]
        after: u64,
        /// At most so many events.
        #[arg(long, default_value_t = 100, value_name = "EVENTS")]
        limit: u32,
        /// Whole bodies, commands, facts and messages.
        #[arg(long)]
        full: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Messages {
    /// Messages that were given up on after too many tries.
    #[command(subcommand)]
    Dead(Dead),
    /// Lists messages that wait to be delivered.
    #[command(after_help = "Example:\n  soukctl messages waiting")]
    Waiting {
        /// Only those in this cell.
        #[arg(long)]
        cell: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dead {
    /// Lists them, with the reason.
    #[command(after_help = "Example:\n  soukctl messages dead list --cell cell-1")]
    List {
        /// Only those in this cell.
        #[arg(long)]
        cell: Option<String>,
        /// At most so many of each cell.
        #[arg(long, default_value_t = 100, value_name = "LETTERS")]
        limit: u32,
    },
    /// Delivers one again.
    #[command(
        after_help = "Example:\n  soukctl messages dead replay 4f0c2b6a8d1e4f0c2b6a8d1e4f0c2b6a"
    )]
    Replay(Letter),
    /// Throws one away for ever.
    #[command(
        after_help = "Example:\n  soukctl messages dead drop 4f0c2b6a8d1e4f0c2b6a8d1e4f0c2b6a --yes"
    )]
    Drop {
        #[command(flatten)]
        letter: Letter,
        /// Yes, what it would have caused shall never happen.
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Letter {
    /// The message's id, as `messages dead list` shows.
    pub(crate) id: String,
    /// The cell that has it; without it, all are asked.
    #[arg(long)]
    pub(crate) cell: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Operators {
    /// Makes a user an operator.
    #[command(after_help = "Example:\n  soukctl operators grant users/0190f3c2-7d1e")]
    Grant {
        /// The user, with or without `users/`.
        #[arg(value_parser = user)]
        user: Tenant,
    },
    /// Takes the operator's role away from a user.
    #[command(after_help = "Example:\n  soukctl operators revoke users/0190f3c2-7d1e")]
    Revoke {
        /// The user, with or without `users/`.
        #[arg(value_parser = user)]
        user: Tenant,
    },
}

fn user(text: &str) -> Result<Tenant, String> {
    let id = text.strip_prefix("users/").unwrap_or(text);
    Tenant::new(TenantKind::User, id).map_err(|error| error.to_string())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=600).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "expected 1 to 600 seconds".to_owned())
}
