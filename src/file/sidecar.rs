//! `standin.toml`: the sidecar's own settings, and the stubs of the mock called `default`.

use toml::Spanned;
use toml::de::DeValue;

use super::either::SecretValue;
use super::leaf::{AccessLog, Count, Forwarded, GateDefault, Http2, List, Named, OneOrMany, Size, Span, Text};
use super::mock::{DefaultTable, ServerStubTable};
use super::pieces::Stubs;
use super::read::{Keys as _, Reader, keys, unknown_key};
use super::when::GateWhenTable;
use crate::problem::Place;

keys! {
    /// The configuration of a Standin sidecar.
    StandinFile "the top of standin.toml" {
        /// Files that hold one mock each, as patterns relative to this file's directory.
        mocks: List<Text>,
        /// The data listener and what happens to forwarded requests.
        proxy: ProxyTable,
        /// Named upstreams.
        upstreams: Named<UpstreamTable>,
        /// The read-only listener for probes and metrics.
        ops: OpsTable,
        /// The admin listener.
        admin: AdminTable,
        /// The condition that opens or closes all mocking for a request.
        gate: GateTable,
        /// What is kept of each call.
        call_log: CallLogTable,
        /// Limits on what callers may cost.
        limits: LimitsTable,
        /// Whether a start or a reload is refused where an example does not get what it must get. Default: false.
        require_examples: bool,
        /// Metrics.
        metrics: MetricsTable,
        /// What random choices derive from.
        random: RandomTable,
        /// Settings of the mock `default`, whose stubs stand in this file.
        default: DefaultTable,
        /// Named 5xx answers of the mock `default`.
        server_stub: List<ServerStubTable>,
        /// Endpoint stubs of the mock `default`.
        stub: Stubs,
    }
    later ["record", "telemetry", "openapi", "scenarios"]
}

keys! {
    /// The data listener and what happens to forwarded requests.
    ProxyTable "[proxy]" {
        /// Addresses of the data listener. Default: "0.0.0.0:8080". A change needs a restart.
        listen: OneOrMany<Text>,
        /// Where requests go that no stub answers: a name from `[upstreams]`, or a URL. Absent: they get a 404.
        upstream: Text,
        /// Whether answers of Standin carry the `standin` header field. Default: true.
        marker: bool,
        /// Whether plain requests that are mocked take the short way, which costs a quarter of the long one and answers
        /// the same. Default: true.
        lane: bool,
        /// Forwarding headers toward the upstream. Default: "append".
        forwarded: Forwarded,
        /// The directory that body files are relative to. Default: the directory of the file that names them.
        files: Text,
        /// Certificate and key: the data listener then speaks TLS. Default: plain HTTP.
        tls: TlsTable,
    }
    later ["http2"]
}

keys! {
    /// TLS on the data listener.
    TlsTable "[proxy.tls]" {
        /// The certificate and its chain, leaf first, a PEM file relative to this file's directory.
        cert: Text,
        /// The private key of the certificate, a PEM file.
        key: Text,
        /// Authorities, a PEM file: a caller must then show a certificate that one of them has signed.
        client_ca: Text,
    }
    required ["cert", "key"]
}

keys! {
    /// A real service behind the sidecar.
    UpstreamTable "[upstreams.NAME]" {
        /// Scheme, host and port: "http://127.0.0.1:3000".
        url: Text,
        /// How long one attempt to connect may take. Default: "1s".
        connect_timeout: Span,
        /// How long the upstream may stay silent. Default: "60s".
        read_timeout: Span,
        /// How long one write to the upstream may take. Default: "60s".
        write_timeout: Span,
        /// How long an idle connection is kept. Default: "4s", below a Node server's 5 s.
        idle_timeout: Span,
        /// Which requests are sent by HTTP/2. Default: "grpc".
        http2: Http2,
        /// How an `https` upstream is verified, and what it is shown.
        tls: UpstreamTlsTable,
    }
    later ["verify"]
    unknown unknown_in_upstream
}

keys! {
    /// TLS toward an upstream. Its certificate is always verified.
    UpstreamTlsTable "[upstreams.NAME.tls]" {
        /// Authorities, a PEM file relative to this file's directory. Default: those of the system.
        ca: Text,
        /// The certificate that Standin shows, and its chain, a PEM file.
        cert: Text,
        /// The private key of that certificate, a PEM file.
        key: Text,
        /// The name that the upstream is asked for, and that its certificate must carry. Default: the URL's host.
        server_name: Text,
    }
}

fn unknown_in_upstream(key: &str, place: Place, value: &Spanned<DeValue<'_>>, reader: &mut Reader<'_>) {
    match reader.before_dot(place).filter(|_| value.get_ref().is_table() && !UpstreamTable::LATER.contains(&key)) {
        Some(name) => reader.problems.push(super::header::dotted_key(place, name, &format!("{name}.{key}"))),
        None => unknown_key::<UpstreamTable>(key, place, reader),
    }
}

keys! {
    /// The read-only listener for probes and metrics.
    OpsTable "[ops]" {
        /// Its address. Default: "0.0.0.0:9091". A change needs a restart.
        listen: Text,
    }
}

keys! {
    /// The admin listener.
    AdminTable "[admin]" {
        /// Its address. Default: "127.0.0.1:9092". A change needs a restart. Beyond loopback it needs `token` and `tls`.
        listen: Text,
        /// What a caller must know: `{ env = "NAME" }` or `{ file = "PATH" }`. Default: nothing, on loopback only.
        token: SecretValue,
        /// Certificate and key: the listener then speaks TLS. Default: plain HTTP, on loopback only.
        tls: AdminTlsTable,
        /// Whether it may be bound beyond loopback without a token, or without TLS. Default: false.
        insecure: bool,
        /// Whether nothing can be changed through it. Default: false.
        read_only: bool,
        /// A file in which what was changed outlives a restart, relative to this file's directory. Default: none.
        state_file: Text,
    }
}

keys! {
    /// TLS on the admin listener.
    AdminTlsTable "[admin.tls]" {
        /// The certificate and its chain, leaf first, a PEM file relative to this file's directory.
        cert: Text,
        /// The private key of the certificate, a PEM file.
        key: Text,
    }
    required ["cert", "key"]
}

keys! {
    /// The condition that opens or closes all mocking for a request.
    GateTable "[gate]" {
        /// What holds where no condition does. Default: "mock".
        default: GateDefault,
        /// When mocking is off. Wins over `mock_when`.
        real_when: GateWhenTable,
        /// When mocking is on, with `default = "real"`.
        mock_when: GateWhenTable,
    }
}

keys! {
    /// What is kept of each call.
    CallLogTable "[call_log]" {
        /// The size of the log in memory. Default: "16MiB". A change needs a restart.
        memory: Size,
        /// How much of each body is kept. Default: "16KiB"; "0B" keeps none.
        body: Size,
        /// How many calls a second keep their bodies. Default: 1000.
        bodies_per_second: Count,
        /// Which calls get an access line. Default: "misses".
        access_log: AccessLog,
        /// A file that access lines go to, in place of standard output.
        file: CallFileTable,
        /// A file that calls are kept in, so that they survive a restart.
        database: CallDatabaseTable,
        /// Query keys whose values are redacted in the log.
        redact_query: List<Text>,
    }
    later ["sinks"]
}

keys! {
    /// A file of access lines, each a JSON object.
    CallFileTable "[call_log.file]" {
        /// The file, relative to this file's directory. Its directory must exist.
        path: Text,
        /// From which size on it is put aside as PATH.1, and what was put aside before as PATH.2 and so on. Default:
        /// "64MiB".
        size: Size,
        /// How many that were put aside are kept. Default: 5.
        keep: Count,
    }
    required ["path"]
}

keys! {
    /// A file that calls are kept in.
    CallDatabaseTable "[call_log.database]" {
        /// The file, relative to this file's directory. Its directory must exist.
        path: Text,
        /// How much the calls may take, oldest out first. Default: "1GiB".
        size: Size,
        /// How long a call is kept. Default: as long as there is room.
        max_age: Span,
    }
    required ["path"]
}

keys! {
    /// Limits on what callers may cost.
    LimitsTable "[limits]" {
        /// The size of a request head. Default: "64KiB". Over it: 431.
        head: Size,
        /// The time a whole head may take. Default: "10s". Over it: 408.
        head_timeout: Span,
        /// The size of a request body. Default: none. Over it: 413.
        request_body: Size,
        /// The time a body may rest without progress. Default: "60s". Over it: 408.
        body_timeout: Span,
        /// How much of a body conditions and templates may look at. Default: "1MiB". Over it the condition does not hold.
        match_body: Size,
        /// How much all bodies under inspection may take together. Default: "64MiB".
        match_body_total: Size,
        /// How long a body under inspection may take. Default: "10s".
        match_body_timeout: Span,
        /// How much work the templates of one answer may do, in steps. Default: 100000. Over it: 500.
        template_work: Count,
        /// How much the templates of one answer may add to it. Default: "1MiB". Over it: 500.
        template_output: Size,
        /// How long an idle connection is kept. Default: "75s".
        keepalive_timeout: Span,
        /// How much of an unread body is read away before an early answer. Default: "64KiB". Over it the connection is closed.
        early_drain: Size,
        /// The longest delay. Default: "180s". Longer ones are cut to it.
        delay: Span,
        /// How many connections are open at a time. Default: 10000. Further ones are refused with 503.
        connections: Count,
        /// How many requests one HTTP/2 connection may have under way. Default: 100.
        h2_streams: Count,
        /// How long the sidecar still accepts once SIGTERM has come. Default: "5s".
        drain_delay: Span,
        /// How long a stop may take, the delay included. Default: "25s". What is left then is cut.
        drain_timeout: Span,
    }
}

keys! {
    /// Metrics.
    MetricsTable "[metrics]" {
        /// How many stubs have series of their own. Default: 1000. Further ones count as `_other`.
        max_stubs: Count,
    }
}

keys! {
    /// What random choices derive from.
    RandomTable "[random]" {
        /// A number; the same one gives the same answers again. Default: another one at each start.
        seed: Count,
        /// A request header: calls with the same value in it get the same answer of a scenario. Default: none.
        header: Text,
    }
}
