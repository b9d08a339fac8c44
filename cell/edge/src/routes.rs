//! Finds the route of a request: one step per path segment, literals before wildcards.

use std::collections::HashMap;

use http::Method;

use crate::template::{Segment, Template};

/// Most segments that a path may have.
const SEGMENTS_MAX: usize = 32;

/// Every route, as a tree of segments.
#[derive(Debug)]
pub(crate) struct Routes<R> {
    nodes: Vec<Node<R>>,
}

#[derive(Debug)]
struct Node<R> {
    literals: HashMap<String, usize>,
    one: Option<usize>,
    rest: Vec<Leaf<R>>,
    leaves: Vec<Leaf<R>>,
}

#[derive(Debug)]
struct Leaf<R> {
    verb: Option<String>,
    method: Method,
    route: R,
}

/// What a path leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'p, R> {
    /// A route, and the path's segments without the verb; not decoded.
    Route { route: R, segments: Vec<&'p str> },
    /// Only routes for other methods: these.
    OtherMethods(Vec<Method>),
    /// Nothing.
    Nothing,
}

impl<R: Copy> Routes<R> {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::new()] }
    }

    /// Adds a route; gives the route back that it clashes with, if any.
    pub(crate) fn add(&mut self, method: Method, template: &Template, route: R) -> Result<(), R> {
        let mut at = 0;
        let mut rest = false;
        for segment in &template.segments {
            at = match segment {
                Segment::Literal(text) => {
                    let fresh = self.nodes.len();
                    let next = *self.nodes[at].literals.entry(text.clone()).or_insert(fresh);
                    self.grown(next)
                }
                Segment::One => {
                    let fresh = self.nodes.len();
                    let next = *self.nodes[at].one.get_or_insert(fresh);
                    self.grown(next)
                }
                Segment::Rest => {
                    rest = true;
                    at
                }
            };
        }
        let node = &mut self.nodes[at];
        let leaves = if rest { &mut node.rest } else { &mut node.leaves };
        let same = |leaf: &&Leaf<R>| leaf.method == method && leaf.verb == template.verb;
        if let Some(clash) = leaves.iter().find(same) {
            return Err(clash.route);
        }
        leaves.push(Leaf { verb: template.verb.clone(), method, route });
        Ok(())
    }

    fn grown(&mut self, index: usize) -> usize {
        if index == self.nodes.len() {
            self.nodes.push(Node::new());
        }
        index
    }

    /// The route of `path`, which has no query.
    pub(crate) fn find<'p>(&self, method: &Method, path: &'p str) -> Found<'p, R> {
        let Some(path) = path.strip_prefix('/') else { return Found::Nothing };
        let mut segments: Vec<&str> = path.split('/').take(SEGMENTS_MAX + 1).collect();
        let last = segments.pop().unwrap_or_default();
        let (last, verb) = match last.rsplit_once(':') {
            Some((last, verb)) => (last, Some(verb)),
            None => (last, None),
        };
        segments.push(last);
        if segments.len() > SEGMENTS_MAX || segments.iter().any(|segment| segment.is_empty()) {
            return Found::Nothing;
        }
        let mut others = Vec::new();
        match self.walk(0, &segments, verb, method, &mut others) {
            Some(route) => Found::Route { route, segments },
            None if others.is_empty() => Found::Nothing,
            None => Found::OtherMethods(others),
        }
    }

    fn walk(
        &self,
        at: usize,
        left: &[&str],
        verb: Option<&str>,
        method: &Method,
        others: &mut Vec<Method>,
    ) -> Option<R> {
        let node = &self.nodes[at];
        let Some((segment, behind)) = left.split_first() else {
            return pick(&node.leaves, verb, method, others);
        };
        let literal = node.literals.get(*segment).copied();
        literal
            .and_then(|next| self.walk(next, behind, verb, method, others))
            .or_else(|| node.one.and_then(|next| self.walk(next, behind, verb, method, others)))
            .or_else(|| pick(&node.rest, verb, method, others))
    }
}

impl<R> Node<R> {
    fn new() -> Self {
        Self { literals: HashMap::new(), one: None, rest: Vec::new(), leaves: Vec::new() }
    }
}

fn pick<R: Copy>(
    leaves: &[Leaf<R>],
    verb: Option<&str>,
    method: &Method,
    others: &mut Vec<Method>,
) -> Option<R> {
    for leaf in leaves.iter().filter(|leaf| leaf.verb.as_deref() == verb) {
        if leaf.method == *method {
            return Some(leaf.route);
        }
        if !others.contains(&leaf.method) {
            others.push(leaf.method.clone());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Found, Routes};
    use crate::template::Template;

    fn routes(list: &[(Method, &str)]) -> Routes<usize> {
        let mut routes = Routes::new();
        for (index, (method, path)) in list.iter().enumerate() {
            routes.add(method.clone(), &Template::parse(path).unwrap(), index).unwrap();
        }
        routes
    }

    fn route(routes: &Routes<usize>, path: &str) -> Option<usize> {
        match routes.find(&Method::GET, path) {
            Found::Route { route, .. } => Some(route),
            _ => None,
        }
    }

    #[test]
    fn literals_win_over_wildcards_and_wildcards_catch_what_is_left() {
        let routes = routes(&[
            (Method::GET, "/v1/{name=vendors/*}"),
            (Method::GET, "/v1/vendors/-"),
            (Method::GET, "/v1/{name=vendors/*}/stock"),
            (Method::GET, "/v1/{name=vendors/*}:open"),
            (Method::GET, "/v1/files/{path=**}"),
            (Method::GET, "/v1/vendors/-/x"),
        ]);
        assert_eq!(route(&routes, "/v1/vendors/atlas"), Some(0));
        assert_eq!(route(&routes, "/v1/vendors/-"), Some(1));
        assert_eq!(
            route(&routes, "/v1/vendors/-/stock"),
            Some(2),
            "a literal's dead end is left again"
        );
        assert_eq!(route(&routes, "/v1/vendors/atlas:open"), Some(3));
        assert_eq!(route(&routes, "/v1/files/a/b/c"), Some(4));
        for path in [
            "",
            "/",
            "/v1",
            "/v1/vendors",
            "/v1/vendors/",
            "/v1/vendors/a:close",
            "/v1/files",
            "v1/vendors/a",
            "/v1//vendors/a",
            "/v1/vendors/a/stock/",
        ] {
            assert_eq!(routes.find(&Method::GET, path), Found::Nothing, "{path}");
        }
        assert_eq!(routes.find(&Method::GET, &"/v1".repeat(100)), Found::Nothing);
    }

    #[test]
    fn another_verb_is_told_which_ones_there_are() {
        let routes =
            routes(&[(Method::GET, "/v1/{name=a/*}"), (Method::PATCH, "/v1/{a.name=a/*}")]);
        let found = routes.find(&Method::PUT, "/v1/a/b");
        assert_eq!(found, Found::OtherMethods(vec![Method::GET, Method::PATCH]));
    }

    #[test]
    fn two_routes_for_one_path_clash() {
        let mut routes = routes(&[(Method::GET, "/v1/{name=a/*}")]);
        let same = Template::parse("/v1/a/{id}").unwrap();
        assert_eq!(routes.add(Method::GET, &same, 1), Err(0));
        assert_eq!(routes.add(Method::PUT, &same, 1), Ok(()));
    }
}
