//! What is known of a template before anybody calls.

use super::*;

#[test]
fn what_does_not_depend_on_the_request_is_static() {
    let sample = Sample::default();
    for (source, values, expected) in [
        ("{% raw %}{{x}}{% endraw %}", false, "{{x}}"),
        ("{{ '{{x}}' }}", false, "{{x}}"),
        ("{{ 1 + 2 }}", true, "3"),
        ("a {{ 'b' }}", true, "\"a b\""),
    ] {
        match sample.compile(source, values) {
            Ok((_, Compiled::Constant(text))) => assert_eq!(text, expected, "{source}"),
            other => panic!("{source}: {other:?}"),
        }
    }
}

#[test]
fn mistakes_are_found_when_a_template_is_compiled() {
    let sample = Sample { path: "/{id}", variables: serde_json::json!({"city": "Paris"}), ..Sample::default() };
    for (source, kind, written, title) in [
        ("{{ a + }}", FaultKind::Syntax, "}}", "the template is malformed: unexpected end of variable block"),
        (
            "{% if x %}",
            FaultKind::Syntax,
            "%}",
            "the template is malformed: unexpected end of input, expected end of block",
        ),
        ("{% include 'x' %}", FaultKind::Syntax, "include", "the template is malformed: unknown statement include"),
        ("{{ querry.a }}", FaultKind::Name, "querry", "a template knows no `querry`"),
        ("{{ debug() }}", FaultKind::Name, "debug", "a template knows no `debug`"),
        ("{{ query.a | uper }}", FaultKind::Name, "uper", "there is no filter `uper`"),
        ("{% filter uper %}a{% endfilter %}", FaultKind::Name, "uper", "there is no filter `uper`"),
        ("{{ query.a is nought }}", FaultKind::Name, "nought", "there is no test `nought`"),
        ("{{ query.a is not nought }}", FaultKind::Name, "nought", "there is no test `nought`"),
        ("{{ fake('randomName') }}", FaultKind::Name, "'randomName'", "`fake` knows no \"randomName\""),
        ("{{ path.kind }}", FaultKind::Parameter, "kind", "the path of the stub has no parameter `kind`"),
        ("{{ path['kind'] }}", FaultKind::Parameter, "'kind'", "the path of the stub has no parameter `kind`"),
        ("{{ env.town }}", FaultKind::Variable, "town", "no environment of the mock has a variable `town`"),
    ] {
        let faults = sample.compile(source, false).unwrap_err();
        let shown: Vec<_> = faults.iter().map(|f| (f.kind, &source[f.range.clone()], f.title.as_str())).collect();
        assert_eq!(shown, [(kind, written, title)], "{source}");
    }
    let faults = sample.compile("{{ now('%!') }}", false).unwrap_err();
    assert!(faults[0].title.starts_with("\"%!\" is no format of a time"), "{faults:?}");
    for sound in
        ["{{ path.id }} {{ env.city }}", "{% set a = 1 %}{{ a }}", "{% for x in body %}{{ loop.index }}{% endfor %}"]
    {
        assert!(sample.compile(sound, false).is_ok(), "{sound}");
    }
}

#[test]
fn filters_and_tests_of_the_lists_exist() {
    let sample = Sample::default();
    for name in FILTERS {
        assert!(sample.compile(&format!("{{{{ query.a | {name} }}}}"), false).is_ok(), "{name}");
    }
    for name in TESTS.iter().filter(|name| !["true", "false", "none", "in"].contains(name)) {
        assert!(sample.compile(&format!("{{{{ query.a is {name} }}}}"), false).is_ok(), "{name}");
    }
}

#[test]
fn the_body_is_asked_for_only_by_templates_that_name_it() {
    let needs = |source: &str| {
        let sample = Sample { path: "/{body}", ..Sample::default() };
        let (builder, _) = sample.compile(source, false).unwrap();
        builder.finish(Vec::new(), Body::Static(Bytes::new())).needs_body()
    };
    for source in [
        "{{ body.a }}",
        "{{ postman_body('a') }}",
        "{% set body = body.a %}{{ body }}",
        "{% for x in body %}{% endfor %}",
    ] {
        assert!(needs(source), "{source}");
    }
    for source in ["{{ query.body }}", "{{ path.body }}", "{{ 'body' ~ query.a }}", "body {{ query.a }}"] {
        assert!(!needs(source), "{source}");
    }
}

#[test]
fn answers_differ_where_their_templates_variables_or_limits_do() {
    let of = |source: &str, city: &str, work| {
        let limits = Limits { work, ..SMALL };
        let sample = Sample { variables: serde_json::json!({"city": city}), limits, ..Sample::default() };
        let (builder, compiled) = sample.compile(source, false).unwrap();
        let Compiled::Text(part) = compiled else { panic!("{compiled:?}") };
        builder.finish(Vec::new(), Body::Text(part))
    };
    let one = of("{{ env.city }}", "Paris", 1000);
    assert_eq!(one, of("{{ env.city }}", "Paris", 1000));
    assert_ne!(one, of("{{ env.city  }}", "Paris", 1000));
    assert_ne!(one, of("{{ env.city }}", "Rome", 1000));
    assert_ne!(one, of("{{ env.city }}", "Paris", 1001));
    assert!(!format!("{one:?}").contains("Paris"));
}
