//! How templates fail: what they may not do or say.

use super::*;

#[test]
fn a_fault_says_where_it_is_and_why() {
    let failure = Sample { target: "/?n=x", ..Sample::default() }.failure("a\n{{ query.n | int }}");
    assert_eq!(failure, "the template of `body` (a.toml:4) failed: invalid float literal, at `int`");
}

#[test]
fn work_and_output_are_bounded() {
    let limits = Limits { work: 10_000, output: 1_000 };
    let body = format!("[{}1]", "1,".repeat(20_000));
    let sample = Sample { limits, body: BodyView::Whole(body.as_bytes()), ..Sample::default() };
    let work = "the template of `body` (a.toml:3) failed: it does more work than `limits.template_work` allows";
    let output = "the template of `body` (a.toml:3) failed: it says more than `limits.template_output` allows";
    for (source, expected) in [
        ("{% for i in range(90000) %}{% endfor %}{{ body[0] }}", work),
        ("{% for i in body %}{% for j in body %}x{% endfor %}{% endfor %}", work),
        ("{{ 'x' * 900000000 ~ query.a }}", work),
        ("{% for i in body %}{{ fake('randomLoremParagraphs') }}{% endfor %}", work),
        ("{{ query.a }}{{ 'x' * 1100 }}", output),
        ("{% for i in range(300) %}{{ body[0] }}    {% endfor %}", output),
    ] {
        assert_eq!(sample.failure(source), expected, "{source}");
    }
    // What stands in the file does not count.
    let long = format!("{}{{{{ query.a }}}}", "x".repeat(5_000));
    assert_eq!(sample.text(&long).len(), 5_000);
}

#[test]
fn all_parts_of_an_answer_share_its_limits() {
    let limits = Limits { work: 1_000, output: 300 };
    let sample = Sample { limits, target: "/?a=0123456789", ..Sample::default() };
    let variables = Variables::default();
    let known = Known { path: None, variables: &variables };
    let mut builder = sample.engine().builder();
    let mut pieces = Vec::new();
    for _ in 0..20 {
        match builder.compile("{{ query.a * 2 }}", origin(), true, &known) {
            (Some(Compiled::Value(part)), _) => pieces.push(Piece::Value(part)),
            other => panic!("{other:?}"),
        }
    }
    let failed = sample.render(&builder.finish(Vec::new(), Body::Json(pieces.into())));
    assert!(failed.unwrap_err().reason.contains("limits.template_output"));
}

#[test]
fn a_header_value_is_rendered_and_never_breaks_its_line() {
    let templates = |source: &str| {
        let (builder, compiled) = Sample::default().compile(source, false).unwrap();
        let Compiled::Text(part) = compiled else { panic!("{compiled:?}") };
        let plain = (HeaderName::from_static("x-first"), Field::Static(HeaderValue::from_static("1")));
        let headers = vec![plain, (HeaderName::from_static("x-second"), Field::Template(part))];
        builder.finish(headers, Body::Static(Bytes::from_static(b"b")))
    };
    let of = |target| Sample { target, ..Sample::default() }.render(&templates("<{{ query.a }}>"));
    let answer = of("/?a=x").unwrap();
    assert_eq!(answer.headers[1], (HeaderName::from_static("x-second"), HeaderValue::from_static("<x>")));
    assert_eq!((answer.headers[0].1.as_bytes(), &answer.body[..], answer.template), (&b"1"[..], &b"b"[..], None));
    for bad in ["/?a=%0d%0aset-cookie:%20a", "/?a=%0a", "/?a=%01"] {
        assert!(of(bad).unwrap_err().reason.contains("no line break"), "{bad}");
    }
}
