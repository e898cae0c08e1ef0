//! The worked vectors of the published rules: what each example scores, and that the index chooses by it.

use standin::stubs::path_template::Template;
use standin::stubs::postman::Closest;
use standin::stubs::postman::body::Body;
use standin::stubs::postman::example::Example;
use standin::stubs::postman::score::Params;
use standin::stubs::postman::{row::Row, score};
use standin::stubs::request::{BodyView, RequestView};

use super::stubs;

/// The score of one example, whose query stands in `match`, for a request.
fn scored(target: &str, example: &str) -> Option<score::Score> {
    let (path, query) = example.split_once('?').unwrap_or((example, ""));
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap();
        (key.as_bytes().into(), value.as_bytes().into())
    };
    let query = query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect();
    let example = Example { query, ..Example::default() };
    let view = RequestView::new("GET", target.as_bytes(), &[], BodyView::Whole(b"")).unwrap();
    standin::stubs::postman::score(&Template::parse(path).unwrap(), &example, &view, Closest::Fuzzy, true)
}

fn total(target: &str, example: &str) -> String {
    scored(target, example).map_or("none".to_owned(), |score| score.total().to_string())
}

#[test]
fn the_worked_vectors_have_their_scores() {
    let twelve: Vec<String> = (0..12).map(|i| format!("k{i}=1")).collect();
    let many = format!("/users?{}", twelve.join("&"));
    for (target, example, expected) in [
        ("/users?id=1", "/users?id=1", "110"),
        ("/users?id=1", "/users?id=2", "100"),
        ("/users?id=1", "/users", "99"),
        ("/users?id=1&x=9", "/users?id=1", "105"),
        ("/users?a=1&b=2&c=3", "/users?a=1&b=9", "103.33"),
        (&many, "/users", "90"),
        ("/users/", "/users", "95"),
        ("/USERS", "/users", "90"),
        ("/Users/", "/users", "85"),
        ("/users/7", "/users/{id}", "80"),
        ("/users/7", "/users/12", "79"),
        ("/users/7/", "/users/12", "75"),
        // The ends of the range.
        ("/usars?a=1&b=2&c=3&d=4&e=5", "/users?f=1&g=2&h=3&i=4&j=5", "60"),
        ("/orders", "/users", "none"),
    ] {
        assert_eq!(total(target, example), expected, "{target} {example}");
    }
}

#[test]
fn an_equal_body_brings_five_points_where_matching_is_off() {
    let example = Example { body: Body::text("x", None), ..Example::default() };
    let path = Template::parse("/a").unwrap();
    let of = |body: &'static [u8], counts| {
        let view = RequestView::new("POST", b"/a", &[], BodyView::Whole(body)).unwrap();
        standin::stubs::postman::score(&path, &example, &view, Closest::Fuzzy, counts).unwrap().total().to_string()
    };
    assert_eq!(of(b"x", true), "105");
    assert_eq!(of(b"y", true), "100");
    assert_eq!(of(b"x", false), "100");
}

#[test]
fn a_score_shows_its_parts() {
    let score = scored("/Users/?a=1&b=2", "/users?a=1&b=3&c=4").unwrap();
    assert_eq!(score.url(), 85);
    assert_eq!((score.row, score.row.number()), (Row::SlashAndCase, 4));
    assert_eq!(score.params, Params { matched: 1, partial: 1, missing: 1 });
    assert!(!score.body);
}

/// Each pair of examples: the request gets the one that the numbers say, whichever comes first in the file.
#[test]
fn the_higher_score_answers_in_either_order() {
    for (request, winner, loser) in [
        ("GET /users?id=1", "GET /users?id=1", "GET /users?id=2"),
        ("GET /users?id=1", "GET /users?id=2", "GET /users"),
        ("GET /users?id=1&x=9", "GET /users?id=1", "GET /users?id=2"),
        ("GET /users", "GET /users", "GET /users?id=1"),
        ("GET /users", "GET /users", "GET /users/"),
        ("GET /users", "GET /users/", "GET /USERS"),
        ("GET /users", "GET /USERS", "GET /Users/"),
        ("GET /users/7", "GET /users/7", "GET /users/{id}"),
        ("GET /users/7", "GET /users/{id}", "GET /users/12"),
        ("GET /users/7/", "GET /users/12/", "GET /users/13"),
        ("GET /users/7?a=1", "GET /users/12?a=1", "GET /users/{id}"),
        // 100 - 10 against 80 + 10: equal only in the extreme case, and then the first wins.
        ("GET /users/7?a=1&b=2&c=3&d=4&e=5", "GET /users/7?f=1&g=1&h=1&i=1", "GET /users/{id}?a=1&b=2&c=3&d=4&e=9"),
    ] {
        for lines in [[winner, loser], [loser, winner]] {
            assert_eq!(stubs("closest = \"fuzzy\"", &lines).get(request), winner, "{request} {lines:?}");
        }
    }
    let extreme = ["GET /users/7?f=1&g=1&h=1&i=1&j=1", "GET /users/{id}?a=1&b=2&c=3&d=4&e=5"];
    let request = "GET /users/7?a=1&b=2&c=3&d=4&e=5";
    assert_eq!(total("/users/7?a=1&b=2&c=3&d=4&e=5", "/users/7?f=1&g=1&h=1&i=1&j=1"), "90");
    assert_eq!(total("/users/7?a=1&b=2&c=3&d=4&e=5", "/users/{id}?a=1&b=2&c=3&d=4&e=5"), "90");
    assert_eq!(stubs("", &extreme).get(request), extreme[0]);
    assert_eq!(stubs("", &[extreme[1], extreme[0]]).get(request), extreme[1]);
}
