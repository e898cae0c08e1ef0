//! `x-mock-response-*`: among the whole mock, in their order, with their ties.

use super::{Mock, mock};

fn library() -> Mock {
    mock(
        "base_path = \"/lib\"\n\
         [[stub]]\nname = \"books\"\nmatch = \"GET /books\"\n\
         [[stub.scenario]]\nname = \"found\"\nid = \"b1\"\nwhen.query.q = \"1\"\n\
         [[stub.scenario]]\nname = \"none\"\nid = \"a1\"\nstatus = 404\nwhen.query.q = \"2\"\n\
         [[stub]]\nname = \"book\"\nmatch = \"GET /books/{id}\"\n\
         [[stub.scenario]]\nname = \"found\"\nid = \"12345678-c4505a1e-7261-497c-91ff-db4bd51351a6\"\nstatus = 201\n\
         [[stub]]\nname = \"post\"\nmatch = \"POST /books\"\n\
         [[stub.scenario]]\nname = \"made\"\nid = \"p1\"\nstatus = 201\n",
    )
}

/// Asks for `GET` of a path with these selectors: code, id, name.
fn get(path: &str, code: &str, id: &str, name: &str) -> String {
    let mock = library();
    let mut ask = mock.ask(&format!("GET {path}"));
    for (header, value) in [("code", code), ("id", id), ("name", name)] {
        if !value.is_empty() {
            ask = ask.header(&format!("x-mock-response-{header}"), value);
        }
    }
    ask.answer()
}

#[test]
fn an_id_or_a_name_skips_the_path() {
    assert_eq!(get("/lib/elsewhere", "", "a1", ""), "books/none");
    assert_eq!(get("/lib/elsewhere", "", "", "none"), "books/none");
    assert_eq!(get("/lib/books?q=1", "", "a1", ""), "books/none");
    assert_eq!(get("/other", "", "a1", ""), "Unmatched", "the mock does not cover the path");
}

#[test]
fn the_method_still_counts() {
    assert_eq!(get("/lib/books", "", "p1", ""), "Unmatched");
    let mock = library();
    assert_eq!(mock.ask("POST /lib/x").header("x-mock-response-id", "p1").answer(), "post/made");
}

#[test]
fn an_id_is_taken_with_and_without_its_user() {
    let uuid = "c4505a1e-7261-497c-91ff-db4bd51351a6";
    assert_eq!(get("/lib/x", "", uuid, ""), "book/found");
    assert_eq!(get("/lib/x", "", &format!("12345678-{uuid}"), ""), "book/found");
    assert_eq!(get("/lib/x", "", &format!("99-{uuid}"), ""), "book/found");
    assert_eq!(get("/lib/x", "", &format!("x-{uuid}"), ""), "Unmatched");
}

#[test]
fn of_several_with_a_name_the_first_with_200_is_taken() {
    assert_eq!(get("/lib/books/7", "", "", "found"), "books/found");
    assert_eq!(get("/lib/books/7", "201", "", "found"), "book/found");
}

#[test]
fn an_id_beats_a_name_and_a_code_beside_them_must_fit() {
    assert_eq!(get("/lib/books", "", "a1", "found"), "books/none");
    assert_eq!(get("/lib/books", "", "zz", "found"), "Unmatched");
    assert_eq!(get("/lib/books", "404", "a1", ""), "books/none");
    assert_eq!(get("/lib/books", "200", "a1", ""), "Unmatched");
}

#[test]
fn a_code_leaves_examples_and_scoring_goes_on() {
    assert_eq!(get("/lib/books?q=1", "404", "", ""), "books/none");
    assert_eq!(get("/lib/books?q=1", "500", "", ""), "Unmatched");
    assert_eq!(get("/lib/books?q=1", "abc", "", ""), "Unmatched");
    assert_eq!(get("/lib/books/7", "404", "", ""), "Unmatched", "the path counts");
}

#[test]
fn a_code_lets_the_last_row_in_for_what_is_left() {
    let mock = mock(
        "closest = \"fuzzy\"\n[[stub]]\nname = \"a\"\nmatch = \"GET /answer\"\n\
         [[stub]]\nname = \"b\"\nmatch = \"GET /answers\"\nstatus = 404",
    );
    let ask = mock.ask("GET /answer");
    assert_eq!(ask.answer(), "a");
    assert_eq!(ask.clone().header("x-mock-response-code", "404").answer(), "b");
    assert_eq!(ask.header("x-mock-response-code", "500").answer(), "Unmatched");
}

#[test]
fn a_private_mock_asks_for_its_key_before_it_answers_by_name() {
    let files = [(
        "standin.toml".to_owned(),
        "[default]\nmatching = \"postman\"\naccess = { private = true, keys = [{ env = \"ORACLE_KEY\" }] }\n\
         [[stub]]\nmatch = \"GET /a\"\nid = \"x\""
            .to_owned(),
    )];
    let mock = Mock(crate::oracle::product::load(&files).unwrap());
    let ask = mock.ask("GET /elsewhere").header("x-mock-response-id", "x");
    assert_eq!(ask.answer(), "Denied");
    assert_eq!(ask.header("x-api-key", "sesame").answer(), "get-a");
    assert_eq!(mock.ask("GET /elsewhere").answer(), "Unmatched");
}

#[test]
fn a_key_comes_before_the_active_server_stub_and_that_before_selectors_and_scores() {
    let mock = mock(
        "access = { private = true, keys = [{ env = \"ORACLE_KEY\" }] }\nactive_server_stub = \"down\"\n\
         server_stub_scope = \"all\"\n[[server_stub]]\nname = \"down\"\nstatus = 503\n\
         [[stub]]\nmatch = \"GET /a\"\nid = \"x\"\n",
    );
    for request in ["GET /a", "POST /elsewhere"] {
        let ask = mock.ask(request).header("x-mock-response-id", "x");
        assert_eq!(ask.answer(), "Denied", "{request}");
        assert_eq!(ask.header("x-api-key", "sesame").answer(), "ServerStub", "{request}");
    }
}
