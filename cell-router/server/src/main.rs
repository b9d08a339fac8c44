//! The router's process: reads its configuration, serves until it is told to stop, drains.

use std::{
    io::{Write as _, stderr, stdout},
    pin::pin,
    process::ExitCode,
};

use base_fault::{Code, Fault, chain};
use base_telemetry::{LogLevel, install_crypto, shutdown_signal};
use clap::Parser as _;
use router_server::{Args, Config, Router};
use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
};

fn main() -> ExitCode {
    install_crypto();
    let args = Args::parse();
    let check = args.check;
    let outcome = match args.clone().into_config() {
        Ok(config) if check => print(&config).map_err(|fault| vec![fault]),
        Ok(config) => run(config, &args).map_err(|fault| vec![fault]),
        Err(mistakes) => Err(mistakes),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(faults) => {
            for fault in &faults {
                let _ = writeln!(stderr(), "souk-router: {}", chain(fault));
            }
            ExitCode::FAILURE
        }
    }
}

fn print(config: &Config) -> Result<(), Fault> {
    let failed = |why| Fault::ours(Code::Internal, why);
    let text = toml::to_string_pretty(config)
        .map_err(|error| failed("the settings cannot be written as TOML").because(error))?;
    let written = stdout().write_all(text.as_bytes());
    written.map_err(|error| failed("the settings cannot be printed").because(error))
}

fn run(config: Config, args: &Args) -> Result<(), Fault> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Fault::ours(Code::Internal, "no runtime can be started").because(error))?;
    let telemetry = base_telemetry::init(&config.telemetry)?;
    let served = runtime.block_on(async {
        let (stop, mut hang_ups) = (pin!(shutdown_signal()), hang_ups()?);
        let router = Router::start_with_level(config, Some(telemetry.level())).await?;
        let again = async {
            while hang_ups.recv().await.is_some() {
                router.reopen_logs().await;
                router.reread_certificates();
                read_filter(args, &telemetry.level());
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stop => {}
            () = again => {}
        }
        router.stop().await;
        Ok(())
    });
    // Streams that outlived the time to drain end here.
    runtime.shutdown_background();
    served
}

/// SIGHUP: open the logs anew, read the log filter and the certificates again.
fn hang_ups() -> Result<Signal, Fault> {
    signal(SignalKind::hangup()).map_err(|error| {
        Fault::ours(Code::Internal, "the system does not tell of SIGHUP").because(error)
    })
}

/// Puts the filter in force that the configuration now asks for; a configuration that is no longer sound changes nothing.
fn read_filter(args: &Args, level: &LogLevel) {
    let changed = match args.clone().into_config() {
        Ok(config) => level.set(&config.telemetry.filter),
        Err(mistakes) => mistakes.into_iter().try_for_each(Err),
    };
    if let Err(fault) = changed {
        tracing::error!(fault = chain(&fault), "the log filter stays as it is");
    }
}
