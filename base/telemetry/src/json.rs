//! One JSON object per log line: when, how bad, which process, what, and the fields of the event and of the spans around it.

use std::fmt;

use base_time::{Clock as _, SystemClock};
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormattedFields,
        format::{JsonFields, Writer},
    },
    registry::LookupSpan,
};

/// Formats events; spans' fields are kept by [`JsonFields`].
pub(crate) struct JsonLines {
    pub(crate) service: String,
    pub(crate) instance: String,
}

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        let mut line = Map::new();
        // From the outermost span to the event, so that the nearest value of a field wins.
        for span in context
            .event_scope()
            .into_iter()
            .flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<JsonFields>>();
            if let Some(Ok(Value::Object(fields))) = fields.map(|text| serde_json::from_str(text)) {
                line.extend(fields);
            }
        }
        event.record(&mut Fields(&mut line));
        let own = [
            ("time", SystemClock.now().to_string()),
            ("level", metadata.level().as_str().to_lowercase()),
            ("service", self.service.clone()),
            ("instance", self.instance.clone()),
            ("target", metadata.target().to_owned()),
        ];
        line.extend(own.map(|(name, value)| (name.to_owned(), Value::String(value))));
        let text = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{text}")
    }
}

/// Collects an event's fields as JSON values.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        // The bridge from `log` repeats the metadata as fields.
        if !field.name().starts_with("log.") {
            self.0.insert(field.name().to_owned(), value.into());
        }
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::{io, sync::Arc};

    use parking_lot::Mutex;
    use serde_json::Value;
    use tracing_subscriber::{fmt::format::JsonFields, layer::SubscriberExt as _};

    use super::JsonLines;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_carries_the_process_the_event_and_the_spans_around_it() {
        let lines = Lines::default();
        let writer = lines.clone();
        let format = JsonLines { service: "souk-cell".into(), instance: "cell-1".into() };
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(format)
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let _request = tracing::info_span!("request", trace = "0af7", step = 1).entered();
            let _append = tracing::info_span!("append", step = 2).entered();
            tracing::warn!(events = 3_u64, late = true, "slow \"append\"");
        });
        let text = String::from_utf8(lines.0.lock().clone()).unwrap();
        let line: Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "time": line["time"], "level": "warn", "service": "souk-cell", "instance": "cell-1",
            "target": "base_telemetry::json::tests", "message": "slow \"append\"",
            "trace": "0af7", "step": 2, "events": 3, "late": true,
        });
        assert_eq!(line, expected);
    }
}
