//! `bench`: release builds, figures printed and written as JSON below the build directory.

use std::{path::Path, process::Command};

use crate::{
    cli::{Bench, Measured},
    house::House,
    programs::{self, Build},
    step,
};

/// How many events the store of `bench start` has.
const EVENTS: &str = "1000000";

pub(crate) fn run(house: &House, asked: &Bench) -> anyhow::Result<bool> {
    let folder = house.target.join("bench");
    std::fs::create_dir_all(&folder)?;
    let json = |name: &str| folder.join(format!("{name}.json")).display().to_string();
    let on_real = asked.rest.iter().any(|word| word == "real" || word == "--engines=real");
    let named = |name: &str| if on_real { format!("{name}-real") } else { name.to_owned() };
    match asked.what {
        Measured::Store => {
            let binaries = programs::build_these(house, Build::Release, &["loadtest-stores"])?;
            let home = house.target.join("engines").display().to_string();
            let place = folder.display().to_string();
            let args = ["--directory", &place, "--home", &home, "--json", &json(&named("store"))]
                .map(str::to_owned);
            measure(house, &binaries, "bench-store", &args, &asked.rest)
        }
        Measured::Orders => {
            let binaries = programs::build(house, Build::Release)?;
            let args = ["bench-orders", "--log", "warn", "--json", &json(&named("orders"))]
                .map(str::to_owned);
            measure(house, &binaries, "souk-journeys", &args, &asked.rest)
        }
        Measured::Router => {
            let binaries = programs::build_these(
                house,
                Build::Release,
                &["router-server", "loadtest-router"],
            )?;
            let args = ["--json", &json("router")].map(str::to_owned);
            measure(house, &binaries, "bench-router", &args, &asked.rest)
        }
        Measured::Start => {
            let binaries = programs::build(house, Build::Release)?;
            programs::build_these(house, Build::Release, &["loadtest-stores"])?;
            let (place, filled) = (folder.display().to_string(), folder.join("filled"));
            if filled.exists() {
                // An earlier run was broken off, or another version filled it.
                std::fs::remove_dir_all(&filled)?;
            }
            let kept = filled.display().to_string();
            let fill =
                ["--fill", EVENTS, "--directory", &place, "--keep", &kept, "--json", &json("open")];
            let opened = measure(house, &binaries, "bench-store", &fill.map(str::to_owned), &[])?;
            let start = ["bench-start", "--log", "warn", "--json", &json("start")];
            let on_filled = ["--filled", &kept, "--events", EVENTS];
            let args: Vec<_> = start.into_iter().chain(on_filled).map(str::to_owned).collect();
            let started = measure(house, &binaries, "souk-journeys", &args, &asked.rest)?;
            std::fs::remove_dir_all(&filled)?;
            Ok(opened && started)
        }
    }
}

fn measure(
    house: &House,
    binaries: &Path,
    program: &str,
    args: &[String],
    rest: &[String],
) -> anyhow::Result<bool> {
    let mut command = Command::new(binaries.join(program));
    command.args(args).args(rest).current_dir(&house.root);
    Ok(step::run(&format!("{program} {}", args[0]), &mut command)?.holds)
}
