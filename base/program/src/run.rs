//! From the command line to the exit code.

use std::{
    error::Error,
    io::{Write as _, stderr, stdout},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use base_config::{load, render};
use base_fault::chain;
use base_telemetry::{init, install_crypto};
use serde::{Serialize, de::DeserializeOwned};
use tokio::runtime::Builder;

use crate::{Flags, Process};

/// The settings are wrong.
const EXIT_USAGE: u8 = 2;
/// How long blocking work may go on after everything has stopped.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// All settings of one program.
pub trait Settings: Default + Serialize + DeserializeOwned {
    /// The program's name, such as `souk-cell`; its variables begin as it does, with `SOUK_CELL__`.
    const PROGRAM: &'static str;

    /// What tells this one from others of the same program.
    fn instance(&self) -> String;

    /// The settings of logs and traces.
    fn telemetry(&mut self) -> &mut base_telemetry::Config;

    /// All that is wrong with them, each with the setting's key; nothing if they are right.
    fn mistakes(&self) -> Vec<String>;
}

/// Runs a program to its end: `own` are its own flags, each with the key of its setting; `serve` starts it, and returns once it
/// has stopped, or with the reason for which it cannot go on.
pub fn run<S: Settings, const N: usize>(
    flags: &Flags,
    own: [(&str, Option<String>); N],
    serve: impl AsyncFnOnce(S, Process) -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    install_crypto();
    let assignments = flags.assignments(own);
    let read = {
        let file = flags.config.clone();
        move || settings::<S>(file.as_deref(), &assignments)
    };
    let outcome = match read() {
        Err(wrong) => return complain::<S>(ExitCode::from(EXIT_USAGE), &wrong),
        Ok(settings) if flags.check => print(&settings),
        Ok(settings) => start(settings, read, serve),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => complain::<S>(ExitCode::FAILURE, &chain(&*why)),
    }
}

fn settings<S: Settings>(
    file: Option<&Path>,
    assignments: &[(String, String)],
) -> Result<S, String> {
    let variables = S::PROGRAM.to_uppercase().replace('-', "_");
    let loaded = load(&variables, file, std::env::vars(), assignments);
    let mut settings: S = loaded.map_err(|errors| errors.to_string())?;
    let instance = settings.instance();
    let telemetry = settings.telemetry();
    S::PROGRAM.clone_into(&mut telemetry.service);
    telemetry.instance = instance;
    let mistakes = settings.mistakes();
    if mistakes.is_empty() {
        Ok(settings)
    } else {
        Err(format!("the settings are wrong\n  {}", mistakes.join("\n  ")))
    }
}

fn print(settings: &impl Serialize) -> Result<(), Box<dyn Error>> {
    Ok(stdout().write_all(render(settings)?.as_bytes())?)
}

fn start<S: Settings>(
    mut settings: S,
    read: impl Fn() -> Result<S, String> + Send + Sync + 'static,
    serve: impl AsyncFnOnce(S, Process) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let guard = init(settings.telemetry())?;
    let filter = move || Ok(read()?.telemetry().filter.clone());
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let process = Process::new(guard.level(), Box::new(filter))?;
        serve(settings, process).await
    });
    // What outlived the time to stop in ends here.
    runtime.shutdown_timeout(LAST_PATIENCE);
    served
}

fn complain<S: Settings>(code: ExitCode, text: &str) -> ExitCode {
    // Without standard error there is nobody left to tell.
    let _ = writeln!(stderr().lock(), "{}: {text}", S::PROGRAM);
    code
}
