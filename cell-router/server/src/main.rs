//! The router's process: reads its configuration, serves until it is told to stop, drains.

use std::{
    io::{Write as _, stderr, stdout},
    process::ExitCode,
};

use base_fault::{Fault, chain};
use base_telemetry::{install_crypto, shutdown_signal};
use clap::Parser as _;
use router_server::{Args, Config, Router};
use tokio::runtime::Builder;

fn main() -> ExitCode {
    install_crypto();
    let args = Args::parse();
    let check = args.check;
    let outcome = match args.into_config() {
        Ok(_) if check => {
            let _ = writeln!(stdout(), "the configuration is sound");
            Ok(())
        }
        Ok(config) => run(config).map_err(|fault| vec![fault]),
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

fn run(config: Config) -> Result<(), Fault> {
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Fault::ours(base_fault::Code::Internal, "no runtime can be started").because(error)
    })?;
    let telemetry = base_telemetry::init(&config.telemetry)?;
    let served = runtime.block_on(async {
        let stop = shutdown_signal();
        let router = Router::start_with_level(config, Some(telemetry.level())).await?;
        stop.await;
        router.stop().await;
        Ok(())
    });
    // Streams that outlived the time to drain end here.
    runtime.shutdown_background();
    served
}
