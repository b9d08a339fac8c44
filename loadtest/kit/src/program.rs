//! How the programs end: 0 if everything holds, 1 if something does not or could not be carried out, and then why.

use std::{io, process::ExitCode};

use tokio::runtime::Runtime;

use crate::say;

/// Carries out what a program is for; says why if that is not possible.
pub fn run(
    runtime: io::Result<Runtime>,
    walk: impl Future<Output = anyhow::Result<bool>>,
) -> ExitCode {
    let walked = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(walk));
    match walked {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say::bad(format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
