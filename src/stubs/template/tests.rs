//! What templates see and yield.

mod compiling;
mod limits;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::stubs::request::{BodyFault, BodyView, HeaderField};

/// Noon of 1 February 2026 and 7.25 s.
const NOON: Duration = Duration::from_millis(1_769_947_207_250);

const SMALL: Limits = Limits { work: 100_000, output: 1 << 20 };

/// A request, and what it is rendered with.
struct Sample<'a> {
    method: &'a str,
    target: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: BodyView<'a>,
    path: &'a str,
    base: usize,
    seed: u64,
    variables: serde_json::Value,
    limits: Limits,
    counters: Arc<Counters>,
}

impl Default for Sample<'_> {
    fn default() -> Self {
        Sample {
            method: "GET",
            target: "/",
            headers: &[],
            body: BodyView::Whole(b""),
            path: "/",
            base: 0,
            seed: 1,
            variables: serde_json::json!({}),
            limits: SMALL,
            counters: Arc::default(),
        }
    }
}

fn origin() -> Origin {
    Origin { part: "body".to_owned(), file: "mocks/a.toml".into(), line: 3, verbatim: true }
}

impl Sample<'_> {
    fn engine(&self) -> Engine {
        Engine::new(self.variables.as_object().unwrap(), self.limits)
    }

    fn compile(&self, source: &str, values: bool) -> Result<(Builder, Compiled), Vec<Fault>> {
        let path = Template::parse(self.path).unwrap();
        let names: Vec<String> = self.variables.as_object().unwrap().keys().cloned().collect();
        let variables = Variables { active: names.clone(), all: names };
        let mut builder = self.engine().builder();
        let known = Known { path: Some(&path), variables: &variables };
        match builder.compile(source, origin(), values, &known) {
            (Some(compiled), _) => Ok((builder, compiled)),
            (None, faults) => Err(faults),
        }
    }

    fn answer(&self, source: &str, values: bool) -> Result<Answer, RenderError> {
        let (builder, compiled) = self.compile(source, values).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
        let body = match compiled {
            Compiled::Constant(text) => Body::Static(text.into()),
            Compiled::Value(part) => Body::Json([Piece::Value(part)].into()),
            Compiled::Text(part) if values => Body::Json([Piece::Text(part)].into()),
            Compiled::Text(part) => Body::Text(part),
        };
        self.render(&builder.finish(Vec::new(), body))
    }

    fn render(&self, templates: &Templates) -> Result<Answer, RenderError> {
        let fields: Vec<HeaderField<'_>> =
            self.headers.iter().map(|(name, value)| HeaderField { name, value: value.as_bytes() }).collect();
        let view = RequestView::new(self.method, self.target.as_bytes(), &fields, self.body).unwrap();
        let path = Template::parse(self.path).unwrap();
        let scope = Scope {
            view: &view,
            path: Some(&path),
            base: self.base,
            now: NOON,
            seed: self.seed,
            counters: &self.counters,
        };
        templates.render(200, &scope)
    }

    /// What a text comes to.
    fn text(&self, source: &str) -> String {
        String::from_utf8(self.answer(source, false).unwrap().body.to_vec()).unwrap()
    }

    /// What a JSON string comes to.
    fn json(&self, source: &str) -> String {
        String::from_utf8(self.answer(source, true).unwrap().body.to_vec()).unwrap()
    }

    /// Why a text cannot be rendered.
    fn failure(&self, source: &str) -> String {
        self.answer(source, false).unwrap_err().to_string()
    }
}

#[test]
fn all_parts_of_a_request_are_in_scope() {
    let sample = Sample {
        method: "POST",
        target: "/api/users/a%2Fb/x/y?k=1&k=2&e=%C3%A9",
        headers: &[("Host", "A.test:80"), ("X-Plan", "gold"), ("x-plan", "free"), ("Cookie", "s=1; s=2; t=\"q\"")],
        path: "/api/users/{id}/{rest...}",
        ..Sample::default()
    };
    for (source, expected) in [
        ("{{ method }} {{ host }} {{ target }}", "POST a.test /api/users/a%2Fb/x/y?k=1&k=2&e=%C3%A9"),
        ("{{ path.id }} {{ path.rest }} {{ path['id'] }}", "a/b x/y a/b"),
        ("{{ query.k }} {{ query.e }} {{ query.all('k') | join('+') }} {{ query.none }}", "1 é 1+2 "),
        ("{{ header['X-PLAN'] }} {{ header.x_plan }} {{ header.all('x-plan') | length }}", "gold gold 2"),
        ("{{ cookie.s }} {{ cookie.t }} {{ cookie.all('s') }}", "1 q [\"1\",\"2\"]"),
        ("{{ query }}", "{\"k\":\"1\",\"e\":\"é\"}"),
        ("{% for name in query %}{{ name }},{% endfor %}", "k,e,"),
        ("{% if query.k == '1' and query.z is not defined %}yes{% else %}no{% endif %}", "yes"),
        ("{{ body }}|{{ body.a.b.c }}|{{ body is defined }}", "||false"),
        ("{{ 'text' }} {{ none }} {{ true }} {{ [1, 2.5, {'a': none}] }}", "text null true [1,2.5,{\"a\":null}]"),
        ("{{ 'a b' | urlencode }} {{ 'é' | b64encode }} {{ 'w6k=' | b64decode }}", "a%20b w6k= é"),
        ("line\n", "line\n"),
    ] {
        assert_eq!(sample.text(source), expected, "{source}");
    }
}

#[test]
fn a_body_is_json_or_a_form_or_text_and_nothing_where_it_cannot_be_looked_at() {
    let form = &[("content-type", "application/x-www-form-urlencoded")][..];
    let whole = |body: &'static str| BodyView::Whole(body.as_bytes());
    for (headers, body, source, expected) in [
        (
            form,
            whole("{\"a\": {\"b\": [1, {\"c\": 1.0}]}}"),
            "{{ body.a.b[1].c }} {{ body.a }}",
            "1.0 {\"b\":[1,{\"c\":1.0}]}",
        ),
        (&[], whole("[1, 2]"), "{{ body | sum }} {{ body[0] }}", "3 1"),
        (form, whole("a=1&a=2&b=x+y"), "{{ body.a }} {{ body.b }} {{ body.all('a') | length }}", "1 x y 2"),
        (&[], whole("a=1"), "{{ body }}", "a=1"),
        (&[], whole("18446744073709551615"), "{{ body }}", "18446744073709551615"),
        (&[], BodyView::Unusable(BodyFault::TooLong), "{{ body is undefined }}{{ body.a }}", "true"),
        (&[("content-encoding", "gzip")], whole("{}"), "{{ body is undefined }}", "true"),
        (&[], BodyView::Whole(b"\xff"), "{{ body }}", "\u{fffd}"),
    ] {
        let sample = Sample { headers, body, ..Sample::default() };
        assert_eq!(sample.text(source), expected, "{source} of {body:?}");
    }
}

#[test]
fn a_json_string_that_is_one_expression_keeps_the_type_of_its_value() {
    let sample = Sample {
        target: "/?n=7&q=%22%2C%20%22admin%22%3A%20true",
        body: BodyView::Whole(b"{\"list\": [1, null], \"text\": \"a\\\"b\"}"),
        ..Sample::default()
    };
    for (source, expected) in [
        ("{{ query.n | int }}", "7"),
        ("{{- query.n -}}", "\"7\""),
        ("{{ body.list }}", "[1,null]"),
        ("{{ body }}", "{\"list\":[1,null],\"text\":\"a\\\"b\"}"),
        ("{{ body.text }}", "\"a\\\"b\""),
        ("{{ body.none }}", "null"),
        ("{{ 1 == 1 }}", "true"),
        ("{{ 1.0 }}", "1.0"),
        (" {{ query.n | int }}", "\" 7\""),
        ("{{ query.n | int }}{{ 1 }}", "\"71\""),
        ("{% if true %}1{% endif %}", "\"1\""),
        // Whatever a caller sends stays within its string.
        ("{{ query.q }}", "\"\\\", \\\"admin\\\": true\""),
        ("say {{ query.q }}", "\"say \\\", \\\"admin\\\": true\""),
    ] {
        assert_eq!(sample.json(source), expected, "{source}");
    }
}

#[test]
fn whatever_a_caller_sends_stays_within_its_string() {
    use rand::SeedableRng as _;
    use rand::seq::IndexedRandom as _;
    let mut dice = rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
    let signs =
        ["\"", "\\", "{", "}", "{{", "}}", "%}", "\n", "\u{7f}", "\u{0}", ",", ":", "é", "a", "</script>", "\u{2028}"];
    for _ in 0..2000 {
        let sent: String = (0..8).map(|_| *signs.choose(&mut dice).unwrap()).collect();
        let body = serde_json::Value::String(sent.clone()).to_string();
        let sample = Sample { body: BodyView::Whole(body.as_bytes()), ..Sample::default() };
        for (source, expected) in [("{{ body }}", sent.clone()), ("<{{ body }}> \"", format!("<{sent}> \""))] {
            assert_eq!(serde_json::from_str::<String>(&sample.json(source)).unwrap(), expected, "{source}");
        }
    }
}

#[test]
fn the_time_has_many_forms() {
    for (source, expected) in [
        ("{{ now() }}", "2026-02-01T12:00:07.250Z"),
        ("{{ now('unix') }} {{ now('unix_ms') + 1 }}", "1769947207 1769947207251"),
        ("{{ now('http') }}", "Sun, 01 Feb 2026 12:00:07 GMT"),
        ("{{ now('%Y-%m-%d', '-1 day') }}", "2026-01-31"),
        ("{{ now(offset='1 month') }}", "2026-03-01T12:00:07.250Z"),
        ("{{ now(format='%H:%M', offset='-2h30m') }}", "09:30"),
    ] {
        assert_eq!(Sample::default().text(source), expected, "{source}");
    }
    let failure = Sample::default().failure("{{ now('iso', '1') }}");
    assert!(failure.contains("\"1\" is no span of time"), "{failure}");
}

#[test]
fn counters_count_by_name() {
    let sample = Sample { target: "/?k=b", ..Sample::default() };
    assert_eq!(sample.text("{{ seq('a') }} {{ seq('a') }} {{ seq(query.k) }}"), "1 2 1");
    assert_eq!(sample.text("{{ seq('a') }}"), "3");
}

#[test]
fn random_values_derive_from_the_seed() {
    let source = "{{ uuid() }} {{ random_int(1, 6) }} {{ random_int(-5, -5) }} {{ fake('$randomFullName') }}";
    let with = |seed| Sample { seed, ..Sample::default() }.text(source);
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
    let words: Vec<String> = with(3).split(' ').map(str::to_owned).collect();
    let uuid = regex::Regex::new("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$").unwrap();
    assert!(uuid.is_match(&words[0]), "{words:?}");
    assert!((1..=6).contains(&words[1].parse::<i64>().unwrap()), "{words:?}");
    assert_eq!(words[2], "-5");
    let twice = Sample::default().text("{{ uuid() }} {{ uuid() }}");
    let (one, other) = twice.split_once(' ').unwrap();
    assert_ne!(one, other);
}

#[test]
fn the_helpers_of_postman_have_its_semantics() {
    let sample = Sample {
        target: "/api/product/12345/details?k=v",
        base: 1,
        headers: &[("X-Plan", "gold")],
        body: BodyView::Whole(b"{\"a\": {\"b\": [1, {\"c\": \"x\"}]}, \"a.a\": 2, \"n\": null}"),
        ..Sample::default()
    };
    for (source, expected) in [
        ("{{ postman_body() }}", "{\"a\": {\"b\": [1, {\"c\": \"x\"}]}, \"a.a\": 2, \"n\": null}"),
        ("{{ postman_body('a.b.1.c') }} {{ postman_body('a.b') }}", "x [1,{\"c\":\"x\"}]"),
        (r"{{ postman_body('a\\.a') }} {{ postman_body('n') }}", "2 null"),
        ("[{{ postman_body('x') }}] {{ postman_body('x', 'd') }} {{ postman_body('x.y', 5) }}", "[] d 5"),
        ("{{ postman_query('k') }} {{ postman_query('x', 'd') }}[{{ postman_query('x') }}]", "v d[]"),
        ("{{ postman_header('x-plan') }} {{ postman_header('y', 'd') }}", "gold d"),
        ("{{ postman_segment('1') }} {{ postman_segment(0) }} {{ postman_segment('9', 'd') }}", "12345 product d"),
    ] {
        assert_eq!(sample.text(source), expected, "{source}");
    }
}
