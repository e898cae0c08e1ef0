use super::*;

fn read(text: &str) -> String {
    let given = [None, Some("user id".to_owned())];
    let names = [String::new(), "user_id".to_owned()];
    match translate(text, &Scope { given: &given, names: &names }) {
        Ok(Some(template)) => template,
        Ok(None) => "static".to_owned(),
        Err((what, which)) => format!("{what}: {which}"),
    }
}

#[test]
fn each_expression_becomes_the_one_that_gives_the_same() {
    for (handlebars, expected) in [
        ("plain {% x", "static"),
        ("{{request.url}} {% x", "{{ target }} {{ '{%' }} x"),
        ("{{request.path}}", "{{ (target | split('?') | first) }}"),
        (
            "{{request.path.[1]}}{{{request.pathSegments.[0]}}}",
            "{{ postman_segment(1, '') }}{{ postman_segment(0, '') }}",
        ),
        ("{{request.path.[user id]}}", "{{ path.user_id }}"),
        ("{{request.query.a}} {{request.query.[b-c].[1]}}", "{{ query.a }} {{ query.all('b-c')[1] }}"),
        ("{{request.headers.X-Y}} {{request.cookies.s}}", "{{ header['X-Y'] }} {{ cookie.s }}"),
        ("{{request.body}} {{request.method}}", "{{ postman_body() }} {{ method }}"),
        ("{{jsonPath request.body '$.a.[0].b-c'}}", "{{ body.a[0]['b-c'] }}"),
        ("{\"a\":{{jsonPath request.body '$.a'}}}", "{\"a\":{{ body.a }}}"),
        ("{{now}}", "{{ now('%Y-%m-%dT%H:%M:%SZ') }}"),
        ("{{now format='yyyy/MM/dd' offset='-3 days'}}", "{{ now('%Y/%m/%d', '-3 days') }}"),
        ("{{randomValue type='UUID'}} {{randomInt lower=5 upper=9}}", "{{ uuid() }} {{ random_int(5, 8) }}"),
        ("{{upper (trim request.query.a)}}", "{{ (query.a | trim) | upper }}"),
        ("{{base64 request.body decode=true}}", "{{ postman_body() | b64decode }}"),
        ("{{#if request.query.a}}yes{{else}}no{{/if}}", "{% if query.all('a') %}yes{% else %}no{% endif %}"),
        ("{{#unless request.body}}no{{/unless}}", "{% if not (postman_body()) %}no{% endif %}"),
        ("{{defaultIfEmpty request.headers.h 'x'}}", "{{ header.h if header.all('h') else 'x' }}"),
        ("{{defaultIfEmpty request.body 'x'}}", "{{ postman_body() or 'x' }}"),
        ("{{#eq request.body 'GET'}}g{{/eq}}", "{% if postman_body() == 'GET' %}g{% endif %}"),
        ("a{{! nothing }}b", "ab"),
    ] {
        assert_eq!(read(handlebars), expected, "{handlebars}");
    }
}

#[test]
fn what_has_no_counterpart_is_a_fault() {
    for handlebars in [
        "{{anyBoolean}}",
        "{{request.clientIp}}",
        "{{request.path.nobody}}",
        "{{xPath request.body '/a'}}",
        "{{jsonPath request.body '$..a'}}",
        "{{#each request.query.a}}x{{/each}}",
        "{{#if request.body}}",
        "{{#eq request.method 'GET'}}g{{/eq}}",
        "{{#eq request.query.a 'x'}}g{{/eq}}",
        "{{/if}}",
        "{{now format='w'}}",
        "{{now timezone='Europe/Paris'}}",
        "{{randomInt}}",
        "{{randomValue length=3}}",
        "{{~request.body}}",
        "{{request.body",
        "{{}}",
        "{{upper 'a}}",
        "\\{{request.body}}",
        &format!("{{{{{}1{}}}}}", "(".repeat(100), ")".repeat(100)),
        &format!("{}{}", "{{#if request.body}}".repeat(60), "{{/if}}".repeat(60)),
    ] {
        assert!(read(handlebars).contains(": "), "{handlebars}");
    }
}
