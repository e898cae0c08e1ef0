//! Header and body matching, on by configuration or by request, and the bonus of an equal body.

use super::{Mock, mock};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn bodies(keys: &str) -> Mock {
    mock(&format!(
        "{keys}\n[[stub]]\nname = \"s\"\nmatch = \"POST /a\"\n\
         [[stub.scenario]]\nname = \"none\"\n\
         [[stub.scenario]]\nname = \"one\"\nwhen.json.\"$\" = {{ eq = {{ a = 1, b = [true, \"x\"] }} }}\n\
         [[stub.scenario]]\nname = \"two\"\nwhen.header.content-type = \"{JSON}; charset=utf-8\"\nwhen.body = '{{\"a\": null}}'\n\
         [[stub.scenario]]\nname = \"form\"\nwhen.form = {{ a = \"1\", b = [\"x y\", \"z\"] }}\n\
         [[stub.scenario]]\nname = \"text\"\nwhen.body = \"<a/>\"\n"
    ))
}

#[test]
fn an_equal_body_tips_the_choice() {
    let mock = bodies("");
    let post = |body: &str, media: &str| mock.ask("POST /a").header("Content-Type", media).body(body).answer();
    assert_eq!(post("{\"b\": [true, \"x\"], \"a\": 1.0}", JSON), "s/one");
    assert_eq!(post("{\"b\": [true, \"x\"], \"a\": 1.0}", "text/plain"), "s/one", "whatever its stated type");
    assert_eq!(post("{ \"a\" : null }", JSON), "s/two");
    assert_eq!(post("b=z&a=1&b=x+y", FORM), "s/form");
    assert_eq!(post("<a/>", "application/xml"), "s/text");
    assert_eq!(post("<a/> ", "application/xml"), "s/none", "a different body changes nothing");
    assert_eq!(post("", JSON), "s/none");
}

#[test]
fn a_multipart_form_is_compared_by_its_text_fields() {
    let mock = bodies("match_body = true");
    let part =
        |name: &str, value: &str| format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let body = format!("{}{}{}--B--\r\n", part("b", "z"), part("a", "1"), part("b", "x y"));
    let ask = mock.ask("POST /a").header("content-type", "multipart/form-data; boundary=B");
    assert_eq!(ask.clone().body(&body).answer(), "s/form");
    assert_eq!(ask.body(&part("a", "1")).answer(), "Unmatched");
}

#[test]
fn a_graphql_request_is_compared_as_the_json_that_it_is() {
    let mock = mock(
        "match_body = true\n[[stub]]\nname = \"g\"\nmatch = \"POST /graphql\"\n\
         when.json.\"$\" = { eq = { query = \"{ user(id: 1) { name } }\", variables = {} } }\n",
    );
    let ask = mock.ask("POST /graphql").header("content-type", "application/json");
    assert_eq!(ask.clone().body("{\"variables\": {}, \"query\": \"{ user(id: 1) { name } }\"}").answer(), "g");
    assert_eq!(ask.body("{\"variables\": {}, \"query\": \"{ user(id:1) { name } }\"}").answer(), "Unmatched");
}

#[test]
fn with_body_matching_on_another_body_drops_the_example() {
    let mock = bodies("match_body = true");
    let ask = mock.ask("POST /a").header("Content-Type", JSON);
    assert_eq!(ask.clone().body("{\"a\":1,\"b\":[true,\"x\"]}").answer(), "s/one");
    assert_eq!(ask.clone().body("{\"a\":1}").answer(), "Unmatched", "the whole body, and no part of it");
    assert_eq!(ask.clone().answer(), "s/none", "absent on both sides is equal");
    let off = ask.header("x-mock-match-request-body", "false").body("{\"a\":1}");
    assert_eq!(off.answer(), "s/none", "the request beats the configuration");
}

#[test]
fn a_request_switches_body_matching_on() {
    let mock = bodies("");
    let ask = mock.ask("POST /a").body("other");
    assert_eq!(ask.answer(), "s/none");
    assert_eq!(ask.clone().header("X-Mock-Match-Request-Body", "true").answer(), "Unmatched");
    assert_eq!(ask.clone().header("X-Mock-Match-Request-Body", "yes").answer(), "s/none", "neither true nor false");
    let off = bodies("selectors = \"off\"");
    assert_eq!(off.ask("POST /a").body("other").header("x-mock-match-request-body", "true").answer(), "s/none");
}

#[test]
fn an_equal_body_outweighs_a_missing_parameter() {
    let text = "[[stub]]\nname = \"plain\"\nmatch = \"POST /a\"\n\
                [[stub]]\nname = \"more\"\nmatch = \"POST /a?x=1\"\nwhen.body = \"b\"\n\
                [[stub]]\nname = \"same\"\nmatch = \"POST /A\"\nwhen.body = \"b\"\n";
    assert_eq!(mock(text).ask("POST /a").body("b").answer(), "more");
    assert_eq!(mock(&format!("match_body = true\n{text}")).ask("POST /a").body("b").answer(), "more");
    assert_eq!(mock(text).ask("POST /a").body("c").answer(), "plain");
}

fn headers(keys: &str) -> Mock {
    mock(&format!(
        "{keys}\n[[stub]]\nname = \"s\"\nmatch = \"GET /a\"\n\
         [[stub.scenario]]\nname = \"none\"\n\
         [[stub.scenario]]\nname = \"json\"\nwhen.header.Accept = \"Application/JSON\"\n\
         [[stub.scenario]]\nname = \"both\"\nwhen.header = {{ accept = \"text/xml\", x-plan = [\"a\", \"b\"] }}\n"
    ))
}

#[test]
fn headers_of_examples_count_only_where_matching_is_on() {
    assert_eq!(headers("").ask("GET /a").header("accept", "text/xml").answer(), "s/none");
    let mock = headers("match_headers = [\"ACCEPT\"]");
    assert_eq!(mock.ask("GET /a").header("accept", "text/xml").answer(), "s/both");
    assert_eq!(
        mock.ask("GET /a").header("ACCEPT", "application/json").answer(),
        "s/json",
        "names and values in any case"
    );
    assert_eq!(mock.ask("GET /a").answer(), "s/none", "absent on both sides is equal");
    assert_eq!(mock.ask("GET /a").header("accept", "*/*").answer(), "Unmatched", "an example without it is out");
}

#[test]
fn a_request_names_the_headers_that_must_match() {
    let mock = headers("match_headers = [\"accept\"]");
    let ask = mock.ask("GET /a").header("x-plan", "A").header("X-Plan", "b").header("accept", "*/*");
    assert_eq!(ask.answer(), "Unmatched");
    let named = |names: &str| ask.clone().header("x-mock-match-request-headers", names).answer();
    assert_eq!(named("X-Plan"), "s/both", "several values are one list");
    assert_eq!(named(" x-plan , accept"), "Unmatched");
    assert_eq!(named("x-none"), "s/none");
    assert_eq!(named(""), "s/none", "no header is to match: that beats the configuration");
}

#[test]
fn a_body_is_asked_for_only_where_it_can_change_the_choice() {
    let get = |text: &str, line: &str| mock(text).ask(line).body("x").unread();
    let plain = "[[stub]]\nname = \"plain\"\nmatch = \"POST /a\"\n";
    let with = |name: &str, line: &str| format!("[[stub]]\nname = {name:?}\nmatch = {line:?}\nwhen.body = \"x\"\n");
    assert_eq!(get(plain, "POST /a"), "plain", "no example has a body");
    assert_eq!(get(&with("one", "POST /a"), "POST /a"), "one", "there is one example only");
    assert_eq!(get(&with("one", "POST /a"), "POST /b"), "Unmatched", "no example fits");
    assert_eq!(get(&format!("{plain}{}", with("one", "POST /a")), "POST /a"), "NeedsBody");
    assert_eq!(get(&format!("{plain}{}", with("one", "POST /A")), "POST /a"), "plain", "90 + 5 is not enough");
    assert_eq!(get(&format!("{plain}{}", with("one", "POST /a/")), "POST /a"), "plain", "95 + 5 ties, and comes later");
    assert_eq!(get(&format!("{}{plain}", with("one", "POST /a/")), "POST /a"), "NeedsBody", "it ties, and comes first");
    assert_eq!(get(&format!("{}{plain}", with("one", "POST /a?q=1")), "POST /a?q=1"), "one", "it is the best anyway");
    assert_eq!(get(&format!("match_body = true\n{plain}"), "POST /a"), "NeedsBody");
    assert_eq!(get(&format!("match_body = true\n{plain}"), "POST /b"), "Unmatched");
}
