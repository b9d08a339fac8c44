//! Starts logs and traces, once per process.

use std::{
    io::{IsTerminal as _, stderr},
    time::Duration,
};

use base_fault::{Code, Fault};
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::{
    Layer, Registry, fmt::format::JsonFields, layer::SubscriberExt as _, reload,
    util::SubscriberInitExt as _,
};

use crate::{json::JsonLines, level, level::LogLevel, trace};

/// How long the last spans may take to leave when the process ends; without a collector the whole of it is spent.
const FLUSH_MAX: Duration = Duration::from_secs(2);

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// For people at a terminal.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err(format!("`{text}` is not a log format: expected human or json")),
        }
    }
}

/// What a process says about itself, and to whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Name of the program, such as `souk-cell`; set by `main`, not by the file.
    #[serde(skip)]
    pub service: String,
    /// Name of this one of its processes, such as `cell-1`; set by `main`, not by the file.
    #[serde(skip)]
    pub instance: String,
    /// How a log line looks: `human` or `json`.
    pub format: Format,
    /// What is logged: a level, or `target=level` pairs with commas between them. Changeable on the admin port, `PUT /log`.
    pub filter: String,
    /// Where traces go by OTLP over gRPC, such as `http://localhost:4317`. Without it none are exported.
    pub otlp_endpoint: Option<String>,
    /// Share of new traces that are exported, from 0 to 1. A trace that came from outside keeps the choice made there.
    pub trace_share: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            service: String::new(),
            instance: String::new(),
            format: Format::Human,
            // The embedded stores tell each of their housekeepings at info.
            filter: "info,fjall=warn,lsm_tree=warn".into(),
            otlp_endpoint: None,
            trace_share: 1.0,
        }
    }
}

impl Config {
    /// All that is wrong with it, so that a process can report it before it binds a port.
    pub fn mistakes(&self) -> Vec<Fault> {
        let mut mistakes = Vec::new();
        mistakes.extend(level::parse(&self.filter).err());
        if !(0.0..=1.0).contains(&self.trace_share) {
            let problem = format!("{} is not a share from 0 to 1", self.trace_share);
            mistakes.push(Fault::invalid_field("telemetry.trace_share", problem));
        }
        if let Some(endpoint) = &self.otlp_endpoint
            && !endpoint.starts_with("http://")
        {
            let problem = format!("`{endpoint}` is not a collector: expected http://host:port");
            mistakes.push(Fault::invalid_field("telemetry.otlp_endpoint", problem));
        }
        mistakes
    }
}

/// Keeps logs and traces going; dropped last, it sends what is left of the traces.
#[derive(Debug)]
pub struct Guard {
    level: LogLevel,
    exporter: Option<Exporter>,
}

#[derive(Debug)]
struct Exporter {
    provider: SdkTracerProvider,
    /// The exporter's own runtime: not every process has one of tokio's, and a busy one must not delay it.
    runtime: Option<Runtime>,
}

impl Guard {
    /// The filter of the logs, for the admin port.
    pub fn level(&self) -> LogLevel {
        self.level.clone()
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH_MAX) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
        if let Some(runtime) = self.runtime.take() {
            // A runtime must not wait for its end inside another one, and nothing is left to wait for.
            runtime.shutdown_background();
        }
    }
}

/// Starts logs on standard error, the bridge from `log`, and the export of traces if `config` names a collector.
///
/// Fails if `config` is wrong, or if logging was started before in this process.
pub fn init(config: &Config) -> Result<Guard, Fault> {
    if let Some(mistake) = config.mistakes().into_iter().next() {
        return Err(mistake);
    }
    let (filter, handle) = reload::Layer::<_, Registry>::new(level::parse(&config.filter)?);
    let lines: Box<dyn Layer<_> + Send + Sync> = match config.format {
        Format::Human => {
            let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
            lines.with_ansi(stderr().is_terminal()).boxed()
        }
        Format::Json => tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines {
                service: config.service.clone(),
                instance: config.instance.clone(),
            })
            .with_writer(stderr)
            .boxed(),
    };
    let exporter =
        config.otlp_endpoint.as_deref().map(|endpoint| export(config, endpoint)).transpose()?;
    let spans = exporter.as_ref().map(|exporter| {
        let tracer = exporter.provider.tracer(config.service.clone());
        tracing_opentelemetry::layer().with_tracer(tracer)
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(spans)
        .try_init()
        .map_err(|error| Fault::ours(Code::Internal, "logging cannot be started").because(error))?;
    trace::sample(if exporter.is_some() { config.trace_share } else { 0.0 });
    level::follow();
    Ok(Guard { level: LogLevel::new(handle), exporter })
}

impl Guard {
    /// Whether traces are exported.
    pub fn exports_traces(&self) -> bool {
        self.exporter.is_some()
    }
}

fn export(config: &Config, endpoint: &str) -> Result<Exporter, Fault> {
    let broken = || Fault::ours(Code::Internal, format!("traces cannot be sent to {endpoint}"));
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("otlp")
        .enable_all()
        .build()
        .map_err(|error| broken().because(error))?;
    let entered = runtime.enter();
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(FLUSH_MAX)
        .build()
        .map_err(|error| broken().because(error))?;
    drop(entered);
    let resource = Resource::builder()
        .with_service_name(config.service.clone())
        .with_attribute(KeyValue::new("service.instance.id", config.instance.clone()))
        .build();
    // New traces are chosen where they start, in the router; everybody else follows the choice in the header.
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            config.trace_share,
        ))))
        .with_resource(resource)
        .build();
    Ok(Exporter { provider, runtime: Some(runtime) })
}

#[cfg(test)]
mod tests {
    use super::{Config, init};

    #[test]
    fn all_mistakes_are_told_together() {
        let config = Config {
            filter: "loud".into(),
            trace_share: 2.0,
            otlp_endpoint: Some("collector:4317".into()),
            ..Config::default()
        };
        let fields: Vec<_> =
            config.mistakes().iter().map(|fault| fault.fields()[0].field.clone()).collect();
        assert_eq!(
            fields,
            ["telemetry.filter", "telemetry.trace_share", "telemetry.otlp_endpoint"]
        );
        assert!(init(&config).is_err());
    }

    #[test]
    fn without_a_collector_nothing_is_exported_and_the_level_can_change() {
        let guard = init(&Config::default()).unwrap();
        assert!(!guard.exports_traces());
        assert!(!crate::TraceContext::root().sampled);
        guard.level().set("debug").unwrap();
        assert_eq!(guard.level().filter(), "debug");
        assert!(guard.level().set("loud").is_err());
        assert_eq!(guard.level().filter(), "debug");
        assert!(init(&Config::default()).is_err(), "logging starts once");
    }
}
