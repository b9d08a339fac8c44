//! From the command line to the exit code.

use std::{env, process::ExitCode};

use clap::Parser as _;

use crate::{
    cells,
    cli::{
        Cells, Cli, Command, Dead, Everywhere, Identity, Messages, Operators, Question, Routers,
        Slots, Streams, Tenants,
    },
    doctor, explain, holds,
    identity::{self, Made},
    locate::Located,
    messages::{self, Deed},
    operators,
    out::{self, View},
    reach::Reach,
    routers, slots, streams, tenants,
    trouble::Trouble,
};

/// Runs the program; ends with the exit code that its help names.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let code = match runtime {
        Ok(runtime) => runtime.block_on(Box::pin(answer(cli))),
        Err(error) => Err(Trouble::Refused(format!("no runtime: {error}"))),
    };
    code.map_or_else(
        |trouble| {
            out::complain(trouble.text());
            ExitCode::from(trouble.exit_code())
        },
        ExitCode::from,
    )
}

async fn answer(cli: Cli) -> Result<u8, Trouble> {
    let here = env::current_dir()
        .map_err(|error| Trouble::Refused(format!("no current directory: {error}")))?;
    let common = &cli.common;
    let question = match cli.command {
        Command::Identity(asked) => return show(make_identity(asked)?, common),
        Command::Ask(question) => question,
    };
    let located =
        Located::find(common.control_plane.as_deref(), common.identity.as_deref(), &here)?;
    let reach = &mut Reach::new(&located.places()?, located.passport()?, common.timeout)?;
    reach.find_leader().await;
    match question {
        Question::Cells(Cells::List) => show(cells::list(reach).await?, common),
        Question::Cells(Cells::Show { cell }) => show(cells::show(reach, &cell).await?, common),
        Question::Tenants(Tenants::Where { name }) => {
            show(tenants::where_is(reach, &name).await?, common)
        }
        Question::Tenants(Tenants::Pin { names, note }) => {
            show(tenants::pin(reach, &names, note).await?, common)
        }
        Question::Slots(slots) => ask_slots(reach, slots, common).await,
        Question::Routers(Routers::List) => show(routers::list(reach).await?, common),
        Question::Streams(Streams::Show { name, after, limit, full }) => {
            show(streams::show(reach, &name, after, limit, full).await?, common)
        }
        Question::Explain { order } => show(explain::explain(reach, &order).await?, common),
        Question::Messages(Messages::Waiting { cell }) => {
            show(messages::waiting(reach, cell.as_deref()).await?, common)
        }
        Question::Messages(Messages::Dead(dead)) => settle(reach, dead, common).await,
        Question::Operators(Operators::Grant { user }) => {
            show(operators::grant(reach, &user, false).await?, common)
        }
        Question::Operators(Operators::Revoke { user }) => {
            show(operators::grant(reach, &user, true).await?, common)
        }
        Question::Doctor => show(doctor::examine(reach).await?, common),
    }
}

fn make_identity(asked: Identity) -> Result<Made, Trouble> {
    match asked {
        Identity::Authority { fleet, days, out } => identity::authority(&fleet, days, &out),
        Identity::Issue { role, name, authority, days, out } => {
            identity::issue(&authority, role, &name, days, &out)
        }
    }
}

async fn ask_slots(reach: &Reach, asked: Slots, common: &Everywhere) -> Result<u8, Trouble> {
    match asked {
        Slots::List { cell, runs } => {
            let slots = slots::list(reach, cell.as_deref()).await?;
            if runs {
                show(slots::Runs::from(slots), common)
            } else {
                show(slots::Shares::from(slots), common)
            }
        }
        Slots::Hold { place, note } => show(holds::hold(reach, place, note).await?, common),
        Slots::Release { place, note } => show(holds::release(reach, place, note).await?, common),
        Slots::Held => show(holds::held(reach).await?, common),
        Slots::Record { limit } => show(holds::record(reach, limit).await?, common),
    }
}

async fn settle(reach: &Reach, dead: Dead, common: &Everywhere) -> Result<u8, Trouble> {
    let (deed, letter) = match dead {
        Dead::List { cell, limit } => {
            return show(messages::dead(reach, cell.as_deref(), limit).await?, common);
        }
        Dead::Replay(letter) => (Deed::Replay, letter),
        Dead::Drop { letter, .. } => (Deed::Drop, letter),
    };
    show(messages::settle(reach, deed, &letter.id, letter.cell.as_deref()).await?, common)
}

#[expect(clippy::needless_pass_by_value, reason = "a view is shown once")]
fn show(view: impl View, common: &Everywhere) -> Result<u8, Trouble> {
    let printed = out::print(&view, common.output, &common.zone);
    printed.map_err(|error| Trouble::Refused(format!("the answer cannot be written: {error}")))?;
    Ok(view.exit_code())
}
