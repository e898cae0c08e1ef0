//! Edge cases of the published rules, and what their text leaves open, as it was decided.

use super::{mock, stubs};

#[test]
fn a_query_on_neither_side_changes_nothing() {
    let mock = stubs("", &["GET /a/", "GET /a?x=1"]);
    assert_eq!(mock.get("GET /a"), "GET /a?x=1", "99 beats 95; with 10 points for nothing it would be 105");
    let mock = stubs("", &["GET /A", "GET /a/?x=1"]);
    assert_eq!(mock.get("GET /a"), "GET /a/?x=1", "94 beats 90");
}

#[test]
fn a_request_without_query_gets_the_example_without() {
    let mock = stubs("", &["GET /a?x=1", "GET /a"]);
    assert_eq!(mock.get("GET /a"), "GET /a");
    assert_eq!(mock.get("GET /a?x=1"), "GET /a?x=1");
}

#[test]
fn parameters_are_compared_decoded_and_case_counts() {
    let mock = stubs("", &["GET /a?f%5B%5D=1", "GET /a?f=%C3%A9+b", "GET /a?F=1"]);
    assert_eq!(mock.get("GET /a?f[]=1"), "GET /a?f%5B%5D=1");
    assert_eq!(mock.get("GET /a?%66=%c3%a9%20b"), "GET /a?f=%C3%A9+b");
    assert_eq!(mock.get("GET /a?F=1"), "GET /a?F=1");
}

#[test]
fn a_star_in_a_value_is_a_star() {
    let mock = stubs("", &["GET /a?x=*", "GET /a?x=1"]);
    assert_eq!(mock.get("GET /a?x=2"), "GET /a?x=*", "another value of the key on both: the first");
    assert_eq!(mock.get("GET /a?x=1"), "GET /a?x=1");
    assert_eq!(mock.get("GET /a?x=*"), "GET /a?x=*");
}

#[test]
fn a_parameter_that_changes_each_time_is_a_missing_key() {
    let mock = stubs("", &["GET /a", "GET /a/?x=1"]);
    assert_eq!(mock.get("GET /a?_=17"), "GET /a", "99 against 93");
    assert_eq!(mock.get("GET /a?_=17&x=1"), "GET /a/?x=1", "98 against 100");
}

#[test]
fn repeated_keys_are_a_multiset_of_pairs() {
    let mock = mock(
        "[[stub]]\nname = \"twice\"\nmatch = \"GET /a?k=1&k=2\"\n\
         [[stub]]\nname = \"list\"\nmatch = \"GET /a\"\nwhen.query.k = [3, \"4\", 4]\n\
         [[stub]]\nname = \"once\"\nmatch = \"GET /a?k=1\"",
    );
    assert_eq!(mock.get("GET /a?k=2&k=1"), "twice");
    assert_eq!(mock.get("GET /a?k=1"), "once");
    assert_eq!(mock.get("GET /a?k=4&k=3&k=4"), "list");
    assert_eq!(mock.get("GET /a?k=1&k=1&k=2"), "twice", "2 of 3 against 1 of 3");
}

#[test]
fn a_key_without_value_has_an_empty_one() {
    let mock = stubs("", &["GET /a?flag", "GET /a?flag=1"]);
    assert_eq!(mock.get("GET /a?flag="), "GET /a?flag");
    assert_eq!(mock.get("GET /a?flag=1"), "GET /a?flag=1");
}

#[test]
fn a_query_value_with_a_variable_is_another_value() {
    let mock = stubs("", &["GET /a?id=%7B%7Bid%7D%7D", "GET /a?x=1"]);
    assert_eq!(mock.get("GET /a?id=7"), "GET /a?id=%7B%7Bid%7D%7D");
}

#[test]
fn the_root_is_a_path_like_any() {
    let mock = stubs("closest = \"fuzzy\"", &["GET /", "GET /a"]);
    assert_eq!(mock.get("GET /"), "GET /");
    assert_eq!(mock.get("GET //"), "GET /");
    assert_eq!(stubs("closest = \"fuzzy\"", &["GET /a", "GET /{x}"]).get("GET /"), "Unmatched");
}

#[test]
fn methods_are_equal_or_the_example_is_out() {
    let mock = stubs("", &["GET /a", "POST /a", "OPTIONS /o", "PURGE /a"]);
    assert_eq!(mock.get("POST /a"), "POST /a");
    assert_eq!(mock.get("PURGE /a"), "PURGE /a");
    assert_eq!(mock.get("PUT /a"), "Unmatched");
    assert_eq!(mock.get("HEAD /a"), "Unmatched", "no other method stands in for HEAD");
    assert_eq!(mock.get("OPTIONS /o"), "OPTIONS /o");
    assert_eq!(mock.get("get /a"), "Unmatched");
}

#[test]
fn a_wildcard_is_one_whole_segment() {
    let mock = stubs("closest = \"fuzzy\"", &["GET /users/{id}"]);
    for (path, expected) in [
        ("/users/1", "GET /users/{id}"),
        ("/users/carol", "GET /users/{id}"),
        ("/USERS/carol/", "GET /users/{id}"),
        ("/users/a%2Fb", "GET /users/{id}"),
        ("/users/a/b", "Unmatched"),
        ("/users/", "Unmatched"),
    ] {
        assert_eq!(mock.get(&format!("GET {path}")), expected, "{path}");
    }
}

#[test]
fn several_wildcards_and_anonymous_ones_fit() {
    let mock = stubs("", &["GET /{a}/x/*"]);
    assert_eq!(mock.get("GET /1/X/2/"), "GET /{a}/x/*");
    assert_eq!(mock.get("GET /1/y/2"), "Unmatched");
}

#[test]
fn encoded_paths_are_compared_in_their_normal_form() {
    let mock = stubs("", &["GET /caf%C3%A9/%7Bx%7D"]);
    assert_eq!(mock.get("GET /caf%c3%a9/./%7bx%7d"), "GET /caf%C3%A9/%7Bx%7D");
    assert_eq!(mock.get("GET /CAF%C3%A9/{X}"), "GET /caf%C3%A9/%7Bx%7D");
}

#[test]
fn rows_6_to_8_are_for_fuzzy_mocks() {
    let lines = ["GET /users/12", "GET /answer"];
    let (safe, fuzzy) = (stubs("closest = \"wildcard\"", &lines), stubs("closest = \"fuzzy\"", &lines));
    for (request, expected) in [
        ("GET /users/7", "GET /users/12"),
        ("GET /Users/7/", "GET /users/12"),
        ("GET /users/c4505a1e-7261-497c-91ff-db4bd51351a6", "GET /users/12"),
        ("GET /anser", "GET /answer"),
        ("GET /answerr", "GET /answer"),
    ] {
        assert_eq!(safe.get(request), "Unmatched", "{request}");
        assert_eq!(fuzzy.get(request), expected, "{request}");
    }
    for request in ["GET /users/ada", "GET /users", "GET /about", "GET /users/12/x"] {
        assert_eq!(fuzzy.get(request), "Unmatched", "{request}");
    }
    let help = stubs("closest = \"fuzzy\"", &["GET /about", "GET /help"]);
    assert_eq!(help.get("GET /test"), "Unmatched");
}

#[test]
fn the_last_row_is_for_what_no_other_row_fits() {
    let mock = stubs("closest = \"fuzzy\"", &["GET /users/{id}?z=1", "GET /users/name?q=1"]);
    assert_eq!(mock.get("GET /users/nane?q=1"), "GET /users/{id}?z=1", "78 by row 5, though row 8 would have 80");
    assert_eq!(mock.get("GET /userz/name?q=1"), "GET /users/name?q=1");
}

#[test]
fn ties_go_to_the_first_id_with_status_200() {
    let stub = |name: &str, id: &str, status: u16| {
        let id = if id.is_empty() { String::new() } else { format!("id = {id:?}\n") };
        format!("[[stub]]\nname = {name:?}\nmatch = \"GET /a\"\n{id}status = {status}\n")
    };
    let get = |stubs: &[String]| mock(&stubs.concat()).get("GET /a");
    assert_eq!(get(&[stub("b", "b", 200), stub("a", "a", 200)]), "a", "by ID, not by file");
    assert_eq!(get(&[stub("a", "a", 404), stub("c", "c", 200), stub("b", "b", 200)]), "b", "200 before all else");
    assert_eq!(get(&[stub("b", "b", 500), stub("a", "a", 404)]), "a", "without a 200 the first");
    assert_eq!(get(&[stub("b", "", 200), stub("a", "", 200)]), "b", "without IDs by file");
    assert_eq!(get(&[stub("a", "", 200), stub("z", "z", 200)]), "z", "an ID before none");
    assert_eq!(get(&[stub("x", "10", 200), stub("y", "9", 200)]), "x", "IDs are text");
}

#[test]
fn equal_examples_and_equal_names_are_no_mistake() {
    let mock = mock(
        "[[stub]]\nname = \"s\"\nmatch = \"GET /a\"\n\
         [[stub.scenario]]\nname = \"x\"\nid = \"2\"\n[[stub.scenario]]\nname = \"x\"\nid = \"1\"\nstatus = 201\n\
         [[stub.scenario]]\nname = \"y\"\nid = \"3\"\nstatus = 404",
    );
    assert_eq!(mock.get("GET /a"), "s/x");
    assert_eq!(mock.ask("GET /a").header("x-mock-response-code", "404").answer(), "s/y");
}

#[test]
fn rows_judge_what_lies_below_the_base_path() {
    let mock = stubs("base_path = \"/api\"\nclosest = \"fuzzy\"", &["GET /answer"]);
    assert_eq!(mock.get("GET /api/Answr"), "GET /answer");
    assert_eq!(mock.get("GET /API/answer"), "Unmatched");
    assert_eq!(mock.get("GET /apy/answer"), "Unmatched");
}
