//! Answers derived by hand from the contract, held against the product and against the oracle.

mod conditions;
mod order;
mod paths;
mod ranking;

use super::facts::Request;
use super::naive::{self, Reading};
use super::{product, reader, shown};

/// Holds both sides against the expected verdicts; a file begins with `# file: NAME`, without one it is standin.toml.
///
/// A request is `METHOD TARGET`, header lines, and after an empty line the body; a verdict reads `stub/scenario of
/// mock` or `Forward of mock`, with `, a miss` where one is recorded.
fn decides(configuration: &str, expectations: &[(&str, &str)]) {
    let files = files(configuration);
    let config = reader::read(&files);
    let table = product::load(&files).unwrap_or_else(|(_, report)| panic!("{report}"));
    for (text, expected) in expectations {
        let request = request(text);
        let oracle = shown(&naive::decide(&config, &request, Reading::Whole));
        let product = shown(&product::decide(&table, &request, Reading::Whole));
        assert_eq!((oracle.as_str(), product.as_str()), (*expected, *expected), "(oracle, product) for\n{request}");
    }
}

fn files(text: &str) -> Vec<(String, String)> {
    let mut files = vec![("standin.toml".to_owned(), "mocks = [\"mocks/*.toml\"]\n".to_owned())];
    for line in text.lines() {
        match line.trim().strip_prefix("# file: ") {
            Some(name) => files.push((name.into(), String::new())),
            None => {
                let (_, text) = files.last_mut().unwrap();
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    files
}

fn request(text: &str) -> Request {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    Request {
        method: method.into(),
        target: target.into(),
        headers: lines.map(|line| header(line).unwrap()).collect(),
        body: body.into(),
    }
}
