//! The two forms of a line, as the Go program writes them (zap).

use std::fmt::{self, Write as _};

use connector_model::text;
use connector_store::time;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `{"level":"info","ts":1732435200.25,"caller":"connector_sync/run.rs:35","msg":"…",…}`
    Json,
    /// The same for people, with tabs between.
    Console,
}

impl Format {
    /// What fits where stdout is, or is not, a terminal.
    pub(crate) const fn of_terminal(terminal: bool) -> Self {
        if terminal { Self::Console } else { Self::Json }
    }

    /// By its name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "console" => Some(Self::Console),
            _ => None,
        }
    }

    fn write(self, w: &mut dyn fmt::Write, now: Timestamp, meta: &Metadata<'_>, line: Line) -> fmt::Result {
        match self {
            Self::Json => {
                let mut object = Map::new();
                object.insert("level".to_owned(), level(meta).into());
                object.insert("ts".to_owned(), seconds(now).into());
                object.insert("caller".to_owned(), caller(meta).into());
                object.insert("msg".to_owned(), line.message.into());
                for (key, value) in line.fields {
                    object.entry(key).or_insert(value);
                }
                writeln!(w, "{}", text::json(&Value::Object(object).to_string()))
            }
            Self::Console => {
                let level = level(meta).to_uppercase();
                write!(w, "{now:.3}\t{level}\t{}\t{}", caller(meta), text::one_line(&line.message))?;
                if !line.fields.is_empty() {
                    write!(w, "\t{}", text::json(&Value::Object(line.fields).to_string()))?;
                }
                w.write_char('\n')
            }
        }
    }
}

fn level(meta: &Metadata<'_>) -> &'static str {
    match *meta.level() {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG | Level::TRACE => "debug",
    }
}

fn seconds(now: Timestamp) -> f64 {
    // Exact to a microsecond until the year 2255.
    #[expect(clippy::cast_precision_loss, reason = "microseconds of our time fit 53 bits")]
    let micros = now.as_microsecond() as f64;
    micros / 1e6
}

/// The crate and the last part of the file: `connector_sync/run.rs:35`.
fn caller(meta: &Metadata<'_>) -> String {
    let krate = meta.target().split("::").next().unwrap_or_default();
    let file = meta.file().unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    format!("{krate}/{file}:{}", meta.line().unwrap_or_default())
}

#[derive(Default)]
struct Line {
    message: String,
    fields: Map<String, Value>,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.message, "{value:?}");
        } else {
            self.fields.insert(field.name().to_owned(), format!("{value:?}").into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message.push_str(value);
        } else {
            self.fields.insert(field.name().to_owned(), value.into());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.fields.insert(field.name().to_owned(), value.into());
    }
}

impl<S, N> FormatEvent<S, N> for Format
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut w: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Line::default();
        event.record(&mut line);
        // A log must not fail where the clock does.
        let now = time::clock().unwrap_or(Timestamp::MAX);
        self.write(&mut w, now, event.metadata(), line)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::{fmt::MakeWriter, layer::SubscriberExt as _};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("a lock").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Buffer {
        type Writer = Self;
        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    fn log(format: Format) -> String {
        let buffer = Buffer::default();
        let layer = tracing_subscriber::fmt::layer().event_format(format).with_writer(buffer.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(pages = 3_u64, site = "acme\"", error = %"no\nanswer", "read {} pages", 3);
        });
        let bytes = buffer.0.lock().expect("a lock").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn a_json_line_has_the_keys_of_zap_in_their_order() {
        let line = log(Format::Json);
        let Value::Object(object) = serde_json::from_str(&line).expect("one JSON object") else {
            panic!("{line}")
        };
        let keys: Vec<&str> = object.keys().map(String::as_str).collect();
        assert_eq!(keys, ["level", "ts", "caller", "msg", "pages", "site", "error"]);
        assert_eq!(object["level"], "warn");
        assert_eq!(object["msg"], "read 3 pages");
        assert_eq!(object["pages"], 3);
        assert_eq!(object["site"], "acme\"");
        assert!(object["ts"].is_f64(), "{line}");
        assert!(
            object["caller"].as_str().is_some_and(|c| c.starts_with("connector_runtime/format.rs:")),
            "{line}"
        );
        assert_eq!(line.matches('\n').count(), 1, "one line: {line}");
    }

    #[test]
    fn no_line_steers_a_terminal() {
        for format in [Format::Json, Format::Console] {
            let buffer = Buffer::default();
            let layer = tracing_subscriber::fmt::layer().event_format(format).with_writer(buffer.clone());
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
                let foreign = "\x1b[2J\n\u{202e}\u{9b}\u{200b}\u{e0041}";
                tracing::warn!(name = foreign, debug = ?foreign, "read {foreign}");
            });
            let line = String::from_utf8(buffer.0.lock().expect("a lock").clone()).expect("UTF-8");
            let line = line.strip_suffix('\n').expect("a line");
            assert!(!line.chars().any(|c| text::steers(c) && c != '\t'), "{line:?}");
        }
    }

    #[test]
    fn a_console_line_has_tabs_between() {
        let line = log(Format::Console);
        let parts: Vec<&str> = line.trim_end().split('\t').collect();
        let [time, level, caller, message, fields] = parts[..] else { panic!("{line}") };
        assert!(
            time.parse::<Timestamp>().is_ok() && time.len() == "2024-11-24T08:00:00.000Z".len(),
            "{time}"
        );
        assert_eq!((level, message), ("WARN", "read 3 pages"));
        assert!(caller.starts_with("connector_runtime/"), "{caller}");
        assert_eq!(fields, r#"{"pages":3,"site":"acme\"","error":"no\nanswer"}"#);
    }
}
