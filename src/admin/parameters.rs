//! Parameters of requests: known ones, given once.

use axum::extract::{FromRequestParts, RawQuery};
use axum::http::request::Parts;

use super::error::ApiError;
use crate::calls::{BadParameter, checked};

/// How many things a page has unless asked otherwise, and at most.
const PAGE: (usize, usize) = (100, 1000);

/// Decoded parameters of a request.
#[derive(Debug)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the parameters of a route that knows these.
    pub fn read(query: &RawQuery, known: &[&str]) -> Result<Self, ApiError> {
        let RawQuery(query) = query;
        let pairs = form_urlencoded::parse(query.as_deref().unwrap_or("").as_bytes());
        Ok(Parameters(checked(pairs, known)?))
    }

    /// The value of one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// All of them.
    pub fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A page of things that have names, in their order: begins behind the one that `cursor` names, and ends after
    /// `limit` of them. With the cursor of the next page.
    pub fn page<T>(&self, things: impl Iterator<Item = T>, name: impl Fn(&T) -> String) -> Result<Page<T>, ApiError> {
        let limit = self.get("limit").map_or(Ok(PAGE.0), |limit| crate::calls::limit(limit, PAGE.1))?;
        let mut things = things.peekable();
        if let Some(cursor) = self.get("cursor")
            && !things.by_ref().any(|thing| name(&thing) == cursor)
        {
            let help = "take `next` of the page before; after a change of the configuration begin without a cursor";
            return Err(
                BadParameter::new("cursor", format!("there is nothing that `{cursor}` stands for"), help).into()
            );
        }
        let page: Vec<T> = things.by_ref().take(limit).collect();
        let next = page.last().filter(|_| things.peek().is_some()).map(name);
        Ok(Page { page, next })
    }
}

/// Some of many things.
#[derive(Debug)]
pub struct Page<T> {
    /// The things.
    pub page: Vec<T>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// The parameters of a route that takes none.
#[derive(Debug)]
pub struct NoParameters;

impl<S: Send + Sync> FromRequestParts<S> for NoParameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Parameters::read(&RawQuery(parts.uri.query().map(str::to_owned)), &[]).map(|_| NoParameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<Page<u32>, ApiError> {
        let parameters = Parameters::read(&RawQuery(Some(query.to_owned())), &["limit", "cursor"])?;
        parameters.page(1..=5, u32::to_string)
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let first = page("limit=2").unwrap();
        assert_eq!((first.page, first.next.as_deref()), (vec![1, 2], Some("2")));
        let second = page("limit=2&cursor=2").unwrap();
        assert_eq!((second.page, second.next.as_deref()), (vec![3, 4], Some("4")));
        let last = page("limit=2&cursor=4").unwrap();
        assert_eq!((last.page, last.next), (vec![5], None));
        assert!(page("cursor=7").is_err());
        assert!(page("limit=0").is_err());
        assert!(page("limt=2").is_err());
    }
}
