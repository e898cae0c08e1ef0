//! Conditions while they are put together: of any number on one subject, in groups of alternatives, and counted as the
//! ranking counts them. They become a `when` table at the end.
//!
//! A `when` table has each subject once, and one list `any`. What does not fit so is said in a branch: a group of one
//! alternative is a conjunction, and two groups are one whose alternatives each hold the other.

use serde_json::Value as Json;

use crate::file::leaf::{List, Named, Value};
use crate::file::read::At;
use crate::file::{Condition, OperatorTable, True, WhenTable};
use crate::problem::Place;

/// What a condition looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// The segment of the path at this position, which is a parameter; the last may be all that is left.
    Path(usize),
    /// A key of the query.
    Query(String),
    /// A header, in lower case.
    Header(String),
    /// A cookie.
    Cookie(String),
    /// A key of a form.
    Form(String),
    /// Nodes of a JSONPath.
    Json(String),
    /// The body's text.
    Body,
    /// Path and query as they were sent.
    Target,
}

/// What must hold of one value.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// It is this.
    Eq(Json),
    /// It is not this.
    Ne(Json),
    /// It holds this text.
    Contains(String),
    /// This expression is found in it.
    Re(String),
    /// It is there.
    Present,
    /// It is not there.
    Absent,
    /// Every member of this is in it.
    Subset(Json),
    /// These do not all hold.
    Not(Vec<Op>),
}

/// Operators on one value of a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// What is looked at.
    pub subject: Subject,
    /// What must hold of it, all of it.
    pub ops: Vec<Op>,
}

/// A conjunction of tests and of groups of alternatives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clauses {
    /// Tests, several on one subject allowed.
    pub tests: Vec<Test>,
    /// Groups, of each of which one alternative must hold.
    pub groups: Vec<Vec<Clauses>>,
}

/// How many tests the conditions of one scenario may come to.
const MOST: usize = 500;

impl Clauses {
    /// One test.
    pub fn one(subject: Subject, ops: Vec<Op>) -> Self {
        Clauses { tests: vec![Test { subject, ops }], groups: Vec::new() }
    }

    /// Adds a test.
    pub fn test(&mut self, subject: Subject, ops: Vec<Op>) {
        self.tests.push(Test { subject, ops });
    }

    /// Adds all of another conjunction.
    pub fn and(&mut self, other: Clauses) {
        self.tests.extend(other.tests);
        self.groups.extend(other.groups);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty() && self.groups.is_empty()
    }

    /// How many conditions these are, as the ranking counts them.
    pub fn count(&self) -> usize {
        let smallest = |group: &Vec<Clauses>| group.iter().map(Clauses::count).min().unwrap_or(0);
        self.tests.iter().map(|test| test.ops.len()).sum::<usize>() + self.groups.iter().map(smallest).sum::<usize>()
    }

    /// Whether everything that another conjunction asks is asked here too, word for word.
    pub fn include(&self, other: &Clauses) -> bool {
        other.tests.iter().all(|test| self.tests.contains(test))
            && other.groups.iter().all(|group| self.groups.contains(group))
    }

    /// Says conditions a second time until these count at least as many; there must be one.
    pub fn pad(&mut self, count: usize) {
        while !self.is_empty() && self.count() < count {
            let missing = count - self.count();
            let mut again = Clauses::default();
            for test in &self.tests {
                if again.count() < missing {
                    again.tests.push(test.clone());
                }
            }
            if again.is_empty() {
                again.groups.clone_from(&self.groups);
            }
            self.groups.push(vec![again]);
        }
    }

    /// How many tests the `when` table will hold; groups multiply.
    fn size(&self) -> usize {
        let groups = self.groups.iter().fold(0_usize, |size, group| {
            let branches: usize = group.iter().map(Clauses::size).sum();
            branches.saturating_add(size.saturating_mul(group.len()))
        });
        self.tests.len().saturating_add(groups)
    }

    /// Whether they are too many to be written.
    pub fn are_too_many(&self) -> bool {
        self.size() > MOST
    }

    /// The `when` table; `names` are those of the parameters. None where there are no conditions.
    pub fn when(&self, names: &[String], place: Place) -> Option<At<WhenTable>> {
        if self.is_empty() {
            return None;
        }
        let mut table = WhenTable::default();
        let mut rest = Clauses::default();
        for test in &self.tests {
            if !put(&mut table, test, names, place) {
                rest.tests.push(test.clone());
            }
        }
        let mut groups = self.groups.clone();
        if !rest.is_empty() {
            groups.push(vec![rest]);
        }
        // The last group is written as it is; each before it takes what follows into its alternatives.
        let folded = groups.into_iter().rev().reduce(|following, mut group| {
            group.iter_mut().for_each(|branch| branch.groups.push(following.clone()));
            group
        });
        if let Some(group) = folded {
            let branch = |branch: &Clauses| branch.when(names, place);
            let at = |value| At { value, place };
            table.any = Some(at(List(group.iter().filter_map(branch).collect())));
        }
        Some(At { value: table, place })
    }
}

/// Puts a test into a table, if the table has nothing on its subject yet.
fn put(table: &mut WhenTable, test: &Test, names: &[String], place: Place) -> bool {
    let at = |value| At { value, place };
    let (named, name) = match &test.subject {
        Subject::Path(number) => (&mut table.path, names.get(*number).cloned().unwrap_or_default()),
        Subject::Query(key) => (&mut table.query, key.clone()),
        Subject::Header(name) => (&mut table.header, name.clone()),
        Subject::Cookie(name) => (&mut table.cookie, name.clone()),
        Subject::Form(key) => (&mut table.form, key.clone()),
        Subject::Json(path) => (&mut table.json, path.clone()),
        Subject::Body | Subject::Target => {
            let slot = if test.subject == Subject::Body { &mut table.body } else { &mut table.target };
            let is_free = slot.is_none();
            if is_free {
                *slot = Some(at(condition(&test.ops, place)));
            }
            return is_free;
        }
    };
    let list = &mut named.get_or_insert_with(|| At { value: Named(Vec::new()), place }).value.0;
    let is_free = list.iter().all(|(other, _)| other.value != name);
    if is_free {
        list.push((At { value: name, place }, at(condition(&test.ops, place))));
    }
    is_free
}

fn condition(ops: &[Op], place: Place) -> Condition {
    if let [Op::Eq(json)] = ops
        && !json.is_array()
        && !json.is_object()
    {
        return Condition::Equals(At { value: value(json), place });
    }
    Condition::Operators(At { value: Box::new(table(ops, place)), place })
}

/// A table of operators, each at most once.
fn table(ops: &[Op], place: Place) -> OperatorTable {
    let at = |json: &Json| Some(At { value: value(json), place });
    let mut table = OperatorTable::default();
    for op in ops {
        match op {
            Op::Eq(json) => table.eq = at(json),
            Op::Ne(json) => table.ne = at(json),
            Op::Contains(text) => table.contains = at(&Json::String(text.clone())),
            Op::Re(re) => table.re = Some(At { value: re.clone(), place }),
            Op::Present => table.present = Some(At { value: True, place }),
            Op::Absent => table.absent = Some(At { value: True, place }),
            Op::Subset(json) => table.subset = at(json),
            Op::Not(ops) => table.not = Some(At { value: Box::new(self::table(ops, place)), place }),
        }
    }
    table
}

fn value(json: &Json) -> Value {
    let text = match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    };
    Value { json: json.clone(), text }
}

/// Whether a value can stand in TOML: it has no null in it, and no number beyond its range.
pub fn has_toml_form(json: &Json) -> bool {
    match json {
        Json::Null => false,
        Json::Number(number) => !number.is_u64() || number.is_i64(),
        Json::Array(items) => items.iter().all(has_toml_form),
        Json::Object(members) => members.values().all(has_toml_form),
        Json::Bool(_) | Json::String(_) => true,
    }
}
