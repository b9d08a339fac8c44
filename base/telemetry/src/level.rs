//! What is logged, changeable while the process runs.

use std::fmt;

use base_fault::Fault;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, Registry, reload};

/// The filter of the logs; clones change the same one.
#[derive(Clone)]
pub struct LogLevel(reload::Handle<EnvFilter, Registry>);

impl LogLevel {
    pub(crate) fn new(handle: reload::Handle<EnvFilter, Registry>) -> Self {
        Self(handle)
    }

    /// The filter in force, such as `info,souk_cell=debug`.
    pub fn filter(&self) -> String {
        self.0.with_current(ToString::to_string).unwrap_or_default()
    }

    /// Puts another filter in force.
    pub fn set(&self, filter: &str) -> Result<(), Fault> {
        let parsed = parse(filter)?;
        self.0.reload(parsed).map_err(|error| {
            Fault::ours(base_fault::Code::Internal, "the log filter is gone").because(error)
        })?;
        follow();
        tracing::info!(filter, "log filter changed");
        Ok(())
    }
}

impl fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogLevel").field(&self.filter()).finish()
    }
}

/// Reads a filter: a level, or `target=level` pairs with commas between them.
pub(crate) fn parse(filter: &str) -> Result<EnvFilter, Fault> {
    let refuse = |why: &str| {
        let problem =
            format!("`{filter}` is not a log filter, such as info or warn,souk_cell=debug: {why}");
        Fault::invalid_field("telemetry.filter", problem)
    };
    // Empty would silently mean "errors only", and a bare word that is no level "all of the target with this name".
    for part in filter.split(',').map(str::trim) {
        let level = !part.is_empty() && part.parse::<LevelFilter>().is_ok();
        if !level && !part.contains(['=', '[']) {
            return Err(refuse(&format!("`{part}` is not a level")));
        }
    }
    EnvFilter::try_new(filter).map_err(|error| refuse(&error.to_string()))
}

/// Lets libraries that speak `log` say as much as the filter takes.
pub(crate) fn follow() {
    use tracing_log::{AsLog as _, log};
    log::set_max_level(LevelFilter::current().as_log());
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_filter_that_means_nothing_is_refused_with_an_example() {
        for filter in ["", "loud", "souk=loud"] {
            let fault = super::parse(filter).unwrap_err();
            assert_eq!(fault.fields()[0].field, "telemetry.filter", "{filter}");
            assert!(fault.context().contains("such as info"), "{fault}");
        }
        assert!(super::parse("warn,cp_server=debug").is_ok());
    }
}
