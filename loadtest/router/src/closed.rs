//! The closed loop, by `h2load`: so many connections, each with one request under way. For what a request costs, not for latency.

use std::{net::SocketAddr, path::Path, process::Command};

use anyhow::{Context as _, bail, ensure};

use crate::{server::Server, wire::Wire};

/// How long a closed loop goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    Seconds(u64),
    Requests(u64),
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asks<'a> {
    /// The same path each time.
    Path(&'a str),
    /// The paths in a file, one after the other.
    File(&'a Path),
}

/// A closed loop against one address.
pub(crate) struct Loop<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) wire: Wire,
    pub(crate) connections: usize,
    pub(crate) bearer: &'a str,
    pub(crate) asks: Asks<'a>,
    pub(crate) core: usize,
}

impl<'a> Loop<'a> {
    /// What is usual, against one of a server's addresses.
    pub(crate) fn on(server: &'a Server, wire: Wire, connections: usize) -> Self {
        let asks = Asks::Path(crate::load::PATH);
        let (address, bearer) = (server.address(wire), server.bearer.as_str());
        Self { address, wire, connections, bearer, asks, core: 0 }
    }

    /// Runs it; says how many requests were answered with 200.
    ///
    /// Errors: a request that was answered in any other way.
    pub(crate) fn run(&self, until: Until) -> anyhow::Result<f64> {
        let base = format!("http{}://{}", if self.wire.tls { "s" } else { "" }, self.address);
        let mut command = Command::new("taskset");
        command.args(["-c", &self.core.to_string(), "h2load", "-t1", "-m1"]);
        command.args(["-c", &self.connections.to_string()]);
        match until {
            Until::Seconds(seconds) => command.args(["-D", &seconds.to_string()]),
            Until::Requests(requests) => command.args(["-n", &requests.to_string()]),
        };
        if !self.wire.h2 {
            command.arg("--h1");
        }
        command.args(["-H", &format!("authorization: {}", self.bearer)]);
        match self.asks {
            Asks::Path(path) => command.arg(format!("{base}{path}")),
            Asks::File(file) => command.arg("-B").arg(&base).arg("-i").arg(file),
        };
        let output = command.output().context("h2load cannot be started")?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "h2load: {}", String::from_utf8_lossy(&output.stderr));
        answered(&text).with_context(|| format!("{base} over {}: {text}", self.wire))
    }
}

/// Reads what `h2load` prints: every request that ended must have ended with 2xx.
fn answered(text: &str) -> anyhow::Result<f64> {
    let line = |begin: &str| text.lines().find_map(|line| line.strip_prefix(begin));
    let numbers = |line: &str| -> Vec<f64> {
        line.split(|letter: char| !letter.is_ascii_digit())
            .filter_map(|word| word.parse().ok())
            .collect()
    };
    let statuses =
        numbers(&line("status codes: ").context("h2load names no status codes")?.replace("xx", ""));
    // «1000 2xx, 0 3xx, 0 4xx, 0 5xx» without the marks of the classes.
    let [good, _, rest @ ..] = statuses.as_slice() else { bail!("h2load counts no status codes") };
    let bad: f64 = rest.chunks(2).filter_map(|pair| pair.first()).sum();
    ensure!(*good > 0.0 && bad == 0.0, "not every request was answered with 2xx");
    let requests = numbers(line("requests: ").context("h2load names no requests")?);
    // «total, started, done, succeeded, failed, errored, timeout».
    ensure!(requests.get(5) == Some(&0.0) && requests.get(6) == Some(&0.0), "requests broke off");
    Ok(*good)
}

#[cfg(test)]
mod tests {
    use super::answered;

    const SAID: &str = "finished in 1.00s, 1000.00 req/s, 1.2MB/s\n\
        requests: 1000 total, 1064 started, 1000 done, 1000 succeeded, 0 failed, 0 errored, 0 timeout\n\
        status codes: 1000 2xx, 0 3xx, 0 4xx, 0 5xx\n";

    #[test]
    fn only_a_run_without_any_failure_counts() {
        assert!((answered(SAID).unwrap() - 1000.0).abs() < 0.1);
        assert!(answered(&SAID.replace("0 5xx", "3 5xx")).is_err());
        assert!(answered(&SAID.replace("0 errored", "3 errored")).is_err());
        assert!(answered("nothing").is_err());
    }
}
