//! What is wrong with a template that can be known before anybody calls: unknown names, filters, tests and made-up data.
//!
//! MiniJinja notices these when it renders. Here its own tokens are looked at, each with its place.

use std::collections::HashSet;
use std::ops::Range;

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, Value};

use super::engine::{FILTERS, TESTS};
use super::fake;
use super::functions::{self, FUNCTIONS};
use super::request::{Needs, ROOTS};
use crate::stubs::path_template::Template;

/// What a template can refer to.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The path of the stub; `None` where the answer is not that of one stub.
    pub path: Option<&'a Template>,
    /// The variables of the mock's environments.
    pub variables: &'a Variables,
}

/// The names of variables.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// Those of the active environment.
    pub active: Vec<String>,
    /// Those of all environments.
    pub all: Vec<String>,
}

/// Something that is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of mistake it is.
    pub kind: FaultKind,
    /// Where in the template, in bytes.
    pub range: Range<usize>,
    /// One lowercase line.
    pub title: String,
    /// What was written.
    pub word: String,
    /// What could have been written.
    pub known: Vec<String>,
}

/// Kinds of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It is no template.
    Syntax,
    /// A name, function, filter, test or kind of made-up data that does not exist.
    Name,
    /// A path parameter that the stub does not have.
    Parameter,
    /// A variable that no environment of the mock defines.
    Variable,
    /// A variable that the active environment lacks: it is nothing until another one is active.
    Lacking,
}

/// What a template is, besides sound or not.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub needs: Needs,
    /// Whether it is one expression and nothing else.
    pub is_value: bool,
    /// Whether it comes out the same for every request.
    pub is_constant: bool,
    /// Bytes outside of expressions and statements.
    pub written: usize,
}

type Spanned<'s> = (Token<'s>, Range<usize>);

/// Looks a template over that is no syntax error. `free` are the names that it does not define itself.
pub(super) fn examine(
    source: &str,
    free: &HashSet<String>,
    environment: &Environment<'_>,
    known: &Known<'_>,
) -> (Facts, Vec<Fault>) {
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build().unwrap_or_default();
    let tokens: Vec<Spanned<'_>> = tokenize(source, false, syntax)
        .map_while(Result::ok)
        .map(|(token, span)| (token, span.start_offset as usize..span.end_offset as usize))
        .collect();
    let written =
        tokens.iter().map(|(token, _)| if let Token::TemplateData(text) = token { text.len() } else { 0 }).sum();
    let mut facts = Facts { is_value: is_value(&tokens), is_constant: true, written, ..Facts::default() };
    let mut faults = Vec::new();
    let token = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map(|(token, _)| token);
    for (at, (own, range)) in tokens.iter().enumerate() {
        let Token::Ident(name) = own else { continue };
        facts.is_constant = false;
        let mut report = |title: String, known: &[&str]| {
            let known = known.iter().map(|word| (*word).to_owned()).collect();
            let (range, word) = (range.clone(), (*name).to_owned());
            faults.push(Fault { kind: FaultKind::Name, range, title, word, known });
        };
        match (token(at.checked_sub(2)), token(at.checked_sub(1))) {
            (_, Some(Token::Dot)) => continue,
            (_, Some(Token::Pipe)) | (Some(Token::BlockStart), Some(Token::Ident("filter"))) => {
                if !is_filter(environment, name) {
                    report(format!("there is no filter `{name}`"), FILTERS);
                }
                continue;
            }
            (_, Some(Token::Ident("is"))) if *name == "not" => continue,
            (_, Some(Token::Ident("is"))) | (Some(Token::Ident("is")), Some(Token::Ident("not"))) => {
                if !is_test(environment, name) {
                    report(format!("there is no test `{name}`"), TESTS);
                }
                continue;
            }
            _ => {}
        }
        // Whether a template has given the name another meaning does not matter here: to look twice does no harm.
        facts.needs.add(name);
        if !free.contains(*name) {
            continue;
        }
        if !ROOTS.contains(name) && !FUNCTIONS.contains(name) {
            let words: Vec<&str> = ROOTS.iter().chain(FUNCTIONS).copied().collect();
            report(format!("a template knows no `{name}`"), &words);
            continue;
        }
        if let Some((key, range)) = key_after(&tokens, at) {
            faults.extend(key_fault(name, key, range, known));
        }
        if let Some([(Token::ParenOpen, _), (Token::Str(word), range), (Token::ParenClose | Token::Comma, _)]) =
            tokens.get(at + 1..at + 4)
        {
            faults.extend(argument_fault(name, word, range.clone()));
        }
    }
    (facts, faults)
}

/// Whether the tokens are one expression and nothing else.
fn is_value(tokens: &[Spanned<'_>]) -> bool {
    let starts = tokens.iter().filter(|(token, _)| matches!(token, Token::VariableStart)).count();
    let ends = (tokens.first(), tokens.last());
    starts == 1 && matches!(ends, (Some((Token::VariableStart, _)), Some((Token::VariableEnd, _))))
}

/// The literal key that a name is followed by: `env.city`, `env["city"]`.
fn key_after<'t>(tokens: &'t [Spanned<'_>], at: usize) -> Option<(&'t str, Range<usize>)> {
    let (key, range) = tokens.get(at + 2)?;
    match (&tokens.get(at + 1)?.0, key) {
        // What is called is a method.
        (Token::Dot, Token::Ident(_)) if matches!(tokens.get(at + 3), Some((Token::ParenOpen, _))) => None,
        (Token::Dot, Token::Ident(key)) | (Token::BracketOpen, Token::Str(key)) => Some((key, range.clone())),
        _ => None,
    }
}

fn key_fault(name: &str, key: &str, range: Range<usize>, known: &Known<'_>) -> Option<Fault> {
    let (kind, title, words): (_, _, Vec<String>) = match (name, known.path) {
        ("path", Some(path)) if path.parameter(key).is_none() => {
            let title = format!("the path of the stub has no parameter `{key}`");
            (FaultKind::Parameter, title, path.names().map(str::to_owned).collect())
        }
        ("env", _) => {
            let Variables { active, all } = known.variables;
            let has = |names: &[String]| names.iter().any(|name| name == key);
            match (has(active), has(all)) {
                (true, _) => return None,
                (false, true) => {
                    (FaultKind::Lacking, format!("the active environment has no variable `{key}`"), active.clone())
                }
                (false, false) => {
                    (FaultKind::Variable, format!("no environment of the mock has a variable `{key}`"), all.clone())
                }
            }
        }
        _ => return None,
    };
    Some(Fault { kind, range, title, word: key.to_owned(), known: words })
}

fn argument_fault(function: &str, word: &str, range: Range<usize>) -> Option<Fault> {
    let (kind, title, known) = match function {
        "fake" if !fake::is_known(word) => {
            (FaultKind::Name, format!("`fake` knows no {word:?}"), fake::names().map(str::to_owned).collect())
        }
        "now" => (FaultKind::Syntax, functions::is_format(word).err()?, Vec::new()),
        _ => return None,
    };
    Some(Fault { kind, range, title, word: word.to_owned(), known })
}

fn is_filter(environment: &Environment<'_>, name: &str) -> bool {
    let tried = environment.empty_state().apply_filter(name, &[Value::UNDEFINED]);
    !tried.is_err_and(|error| error.kind() == ErrorKind::UnknownFilter)
}

fn is_test(environment: &Environment<'_>, name: &str) -> bool {
    let tried = environment.empty_state().perform_test(name, &[Value::UNDEFINED]);
    !tried.is_err_and(|error| error.kind() == ErrorKind::UnknownTest)
}
