//! Where a mock lives, and which routes two mocks claim there.

use std::collections::HashMap;

use super::index::Taken;
use super::path_template::{Segment, Template};
use super::rank::HostRank;
use super::scenario::{HostPattern, Mock, Stub};

/// A host and a base path that a mock lives at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub host: Option<HostPattern>,
    pub base: Box<[u8]>,
    pub segments: u16,
}

/// Every place of a mock, most specific hosts first.
pub(super) fn places(mock: &Mock) -> Vec<Place> {
    let base: Box<[u8]> = mock.base.as_ref().and_then(Template::literal_path).unwrap_or_default().into();
    let segments = mock.base.as_ref().map_or(0, |base| base.segments().len() as u16);
    let place = |host| Place { host, base: base.clone(), segments };
    if mock.hosts.is_empty() {
        return vec![place(None)];
    }
    let mut hosts = mock.hosts.to_vec();
    hosts.sort_by_key(|host| HostRank::of(Some(host)));
    hosts.dedup();
    hosts.into_iter().map(|host| place(Some(host))).collect()
}

/// The pairs of stubs of two mocks that claim one route of a place, where one of the two is of Postman's matching.
pub(super) fn claimed_twice(strict: &[u32], postman: &[u32], of_mock: &[Vec<u32>], stubs: &[Stub]) -> Vec<Taken> {
    let mut first: HashMap<(Option<&str>, &[Segment]), u32> = HashMap::new();
    let mut taken = Vec::new();
    if postman.is_empty() || strict.len() + postman.len() == 1 {
        return taken;
    }
    let numbers = |mocks: &[u32]| mocks.iter().flat_map(|mock| of_mock[*mock as usize].iter().copied()).collect();
    let (of_strict, of_postman): (Vec<u32>, Vec<u32>) = (numbers(strict), numbers(postman));
    let route = |number: u32| {
        let stub = &stubs[number as usize];
        (stub.method.as_deref(), stub.path.segments())
    };
    for number in of_strict {
        first.entry(route(number)).or_insert(number);
    }
    for second in of_postman {
        let first = *first.entry(route(second)).or_insert(second);
        if stubs[first as usize].mock != stubs[second as usize].mock {
            taken.push(Taken { first, second });
        }
    }
    taken
}
