//! A collector that keeps what it is sent: OTLP as protobuf over HTTP.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::support::process::{Process, standin};
use crate::support::upstream::{Arrived, respond};
use crate::support::{PORTS, Upstream, wait_for};

pub struct Collector(Upstream);

impl Collector {
    pub fn start() -> Collector {
        Collector(Upstream::new(|_, stream| {
            respond(stream, 200, "Content-Type: application/x-protobuf\r\n", b"");
            true
        }))
    }

    /// Takes what it is sent, and never answers.
    pub fn silent() -> Collector {
        Collector(Upstream::new(|_, _| true))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.0.address())
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.0.arrived()
    }

    fn requests(&self) -> impl Iterator<Item = ExportTraceServiceRequest> {
        self.arrived().into_iter().map(|request| ExportTraceServiceRequest::decode(&request.body[..]).unwrap())
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Sent> {
        let resources = self.requests().flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).map(Sent).collect()
    }

    /// Attributes of who sent the first span.
    pub fn resource(&self) -> Vec<(String, String)> {
        let first = self.requests().flat_map(|request| request.resource_spans).next().unwrap();
        pairs(&first.resource.unwrap().attributes)
    }

    /// The spans of a trace, once the span of its call is there.
    pub fn trace(&self, trace_id: &str) -> Trace {
        wait_for("the spans of a call", || {
            let spans: Vec<Sent> = self.spans().into_iter().filter(|span| span.trace_id() == trace_id).collect();
            let root = spans.iter().position(|span| span.0.kind == SERVER)?;
            let children = spans.iter().enumerate().filter(|(at, _)| *at != root).map(|(_, span)| span.clone());
            Some(Trace { call: spans[root].clone(), children: children.collect() })
        })
    }
}

/// `SPAN_KIND_INTERNAL`, `SPAN_KIND_SERVER` and `SPAN_KIND_CLIENT`.
pub const INTERNAL: i32 = 1;
pub const SERVER: i32 = 2;
pub const CLIENT: i32 = 3;

#[derive(Debug)]
pub struct Trace {
    pub call: Sent,
    pub children: Vec<Sent>,
}

impl Trace {
    /// The only child of this name; all children belong to the call and lie within its time.
    pub fn child(&self, name: &str) -> &Sent {
        let found: Vec<&Sent> = self.children.iter().filter(|child| child.0.name == name).collect();
        assert_eq!(found.len(), 1, "{name}: {self:?}");
        let (child, call) = (&found[0].0, &self.call.0);
        assert_eq!(child.parent_span_id, call.span_id);
        assert!(call.start_time_unix_nano <= child.start_time_unix_nano, "{self:?}");
        assert!(child.start_time_unix_nano <= child.end_time_unix_nano, "{self:?}");
        assert!(child.end_time_unix_nano <= call.end_time_unix_nano, "{self:?}");
        found[0]
    }

    pub fn names(&self) -> Vec<&str> {
        self.children.iter().map(|child| child.0.name.as_str()).collect()
    }
}

/// A span as it was sent.
#[derive(Clone, Debug)]
pub struct Sent(pub Span);

impl Sent {
    pub fn trace_id(&self) -> String {
        hex(&self.0.trace_id)
    }

    pub fn parent_id(&self) -> String {
        hex(&self.0.parent_span_id)
    }

    /// An attribute as text, empty where it is absent.
    pub fn attribute(&self, key: &str) -> String {
        pairs(&self.0.attributes).into_iter().find(|(own, _)| own == key).map(|(_, value)| value).unwrap_or_default()
    }

    /// Several attributes as text.
    pub fn attributes<const N: usize>(&self, keys: [&str; N]) -> [String; N] {
        keys.map(|key| self.attribute(key))
    }

    /// 0 is unset, 2 is an error.
    pub fn status(&self) -> i32 {
        self.0.status.as_ref().map_or(0, |status| status.code)
    }

    pub fn nanoseconds(&self) -> u64 {
        self.0.end_time_unix_nano - self.0.start_time_unix_nano
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pairs(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|pair| (pair.key.clone(), text(&pair.value))).collect()
}

/// A sidecar that exports its spans to a collector at once, unless these variables say otherwise.
pub fn exporting(config: &str, collector: &Collector, variables: &[(&str, &str)]) -> Process {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("standin.toml"), format!("{PORTS}{config}")).unwrap();
    let mut command = standin();
    command.args(["run", "-c", "."]).env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    command.env("OTEL_BSP_SCHEDULE_DELAY", "50").envs(variables.iter().copied());
    Process::launch(command, dir)
}
