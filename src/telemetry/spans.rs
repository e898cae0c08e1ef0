//! Spans, made when a call is over from the times that it kept: one for the call, and children for deciding, for the
//! simulated delay and for the upstream. Names follow OpenTelemetry's conventions for HTTP.
//!
//! Everything here happens on a thread of its own. What a span says comes from the call log's entry, from which secrets
//! are taken out already. The SDK samples, batches and exports; it drops what the collector does not take.

use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tokio::sync::mpsc;

use super::attributes;
pub use super::collector::Unusable;
use super::collector::{exporter, variable};
use crate::calls::{Asked, Call, CallLog, Traced, Traces};
use crate::metrics::Counter;
use crate::words::Decided;

/// How long the last spans may take to reach the collector: less than what a stop waits for this thread.
const FLUSH: Duration = Duration::from_millis(1500);

/// The thread that makes spans. It ends when every [`Traces`] is gone and what it has is sent, or given up.
pub type SpanThread = JoinHandle<()>;

/// Starts the thread, where the `OTEL_*` variables of this process ask for spans.
///
/// # Errors
/// Where they ask for something that cannot be had.
pub fn start(log: Arc<CallLog>, dropped: Counter) -> Result<Option<(Traces, SpanThread)>, Unusable> {
    let Some(exporter) = exporter()? else { return Ok(None) };
    let provider = SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(exporter).build();
    let (traces, calls) = Traces::new(dropped);
    let thread =
        std::thread::Builder::new().name("spans".to_owned()).spawn(move || make_all(&log, &provider, calls))?;
    Ok(Some((traces, thread)))
}

/// What sends the spans: by the variables, else by our name.
fn resource() -> Resource {
    let own = [("service.name", "standin"), ("service.version", env!("CARGO_PKG_VERSION"))];
    let mut resource = Resource::builder_empty()
        .with_attributes(own.map(|(key, value)| KeyValue::new(key, value)))
        .with_detectors(&[Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())]);
    if let Some(name) = variable("OTEL_SERVICE_NAME") {
        resource = resource.with_service_name(name);
    }
    resource.build()
}

fn make_all(log: &CallLog, provider: &SdkTracerProvider, mut calls: mpsc::Receiver<Traced>) {
    let tracer = provider.tracer("standin");
    let propagator = TraceContextPropagator::new();
    while let Some(traced) = calls.blocking_recv() {
        let parent = propagator.extract_with_context(&Context::new(), &Fields(Incoming::of(&traced.call)));
        make(log, &tracer, &traced, &parent);
    }
    // Whether or not the collector took it all: the stop goes on.
    if let Err(error) = provider.shutdown_with_timeout(FLUSH) {
        tracing::warn!(%error, "the last spans were not sent");
    }
}

/// Makes the spans of a call, if it is sampled.
fn make(log: &CallLog, tracer: &SdkTracer, traced: &Traced, parent: &Context) {
    let Traced { call, secure, started, decided, ended, course } = traced;
    let clock = Clock { at: call.at, instant: *decided };
    let builder = |name, kind, start| SpanBuilder::from_name(name).with_kind(kind).with_start_time(clock.time(start));
    let method = attributes::method(call);
    let mut span = tracer.build_with_context(builder(method.0, SpanKind::Server, *started), parent);
    if !span.is_recording() {
        return;
    }
    let entry = call.entry(log);
    span.set_attributes(attributes::of_call(call, &entry, *secure));
    if let Some(what) = attributes::error_of_call(call) {
        span.set_attribute(KeyValue::new("error.type", what.clone()));
        span.set_status(Status::error(what));
    }
    let within = Context::new().with_remote_span_context(local(span.span_context()));
    let child = |name, kind, time: &Range<Instant>, attributes: Vec<KeyValue>, error: Option<String>| {
        let mut child = tracer.build_with_context(builder(name, kind, time.start), &within);
        child.set_attributes(attributes);
        if let Some(what) = error {
            child.set_attribute(KeyValue::new("error.type", what.clone()));
            child.set_status(Status::error(what));
        }
        child.end_with_timestamp(clock.time(time.end));
    };
    if !matches!(call.decision.decided, Decided::Rejected | Decided::Failed) {
        child("decide".into(), SpanKind::Internal, &(*started..*decided), Vec::new(), None);
    }
    if let Some(time) = &course.delay {
        child("delay".into(), SpanKind::Internal, time, Vec::new(), None);
    }
    if let Some(asked @ Asked { time, .. }) = &course.upstream {
        let error = attributes::error_of_upstream(call, asked);
        child(attributes::method(call).0, SpanKind::Client, time, attributes::of_upstream(call, &entry, asked), error);
    }
    span.end_with_timestamp(clock.time(*ended));
}

/// A span of ours as the parent of another.
fn local(context: &SpanContext) -> SpanContext {
    let state = context.trace_state().clone();
    SpanContext::new(context.trace_id(), context.span_id(), context.trace_flags(), false, state)
}

/// Tells the time of day by one moment that is known in both.
struct Clock {
    at: SystemTime,
    instant: Instant,
}

impl Clock {
    fn time(&self, instant: Instant) -> SystemTime {
        match instant.checked_duration_since(self.instant) {
            Some(later) => self.at + later,
            None => self.at - self.instant.saturating_duration_since(instant),
        }
    }
}

/// What the caller says of its trace.
struct Incoming {
    parent: Option<String>,
    state: String,
}

impl Incoming {
    fn of(call: &Call) -> Self {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let mut parents = call.request_field("traceparent");
        // Of two, neither is believed (Trace Context, section 3.2); the state may come in parts (section 3.3).
        let parent = parents.next().filter(|_| parents.next().is_none()).map(text);
        let state: Vec<String> = call.request_field("tracestate").map(text).collect();
        Incoming { parent, state: state.join(",") }
    }
}

struct Fields(Incoming);

impl Extractor for Fields {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.0.parent.as_deref(),
            "tracestate" => Some(&self.0.state),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}
