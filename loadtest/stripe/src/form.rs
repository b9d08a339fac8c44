//! Form bodies with bracket keys (`metadata[order]=7`), read into a tree as Stripe reads them.

use std::collections::BTreeMap;

use crate::digest::sha256_hex;

/// Brackets within one key; Stripe's own parameters need five.
const DEPTH_MAX: usize = 8;
/// Pairs in one body; the largest honest request has fifty metadata keys and some twenty others.
const PAIRS_MAX: usize = 1_000;

/// One value of a form: a text, or named children (`a[b]=`, `a[]=`, `a[0]=`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Text(String),
    Tree(BTreeMap<String, Node>),
}

/// A parsed form body or query string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    fields: BTreeMap<String, Node>,
}

impl Form {
    /// Reads `application/x-www-form-urlencoded` text; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut form = Self::default();
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        for (index, pair) in pairs.enumerate() {
            if index >= PAIRS_MAX {
                return Err(format!("Too many parameters: at most {PAIRS_MAX} are read."));
            }
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let path = segments(&decode(key)?)?;
            insert(&mut form.fields, &path, decode(value)?)?;
        }
        Ok(form)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.fields.get(name)
    }

    /// The names at the top, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// The text children of a tree, for example all metadata; other shapes are left out.
    pub(crate) fn texts(&self, name: &str) -> BTreeMap<String, String> {
        match self.fields.get(name) {
            Some(Node::Tree(children)) => children
                .iter()
                .filter_map(|(key, node)| match node {
                    Node::Text(text) => Some((key.clone(), text.clone())),
                    Node::Tree(_) => None,
                })
                .collect(),
            _ => BTreeMap::new(),
        }
    }

    /// A digest that is equal for equal parameters, whatever their order on the wire.
    pub(crate) fn fingerprint(&self) -> String {
        let mut flat = String::new();
        flatten("", &self.fields, &mut flat);
        sha256_hex(flat.as_bytes())
    }
}

/// Children in list order: by index where the names are indices, as written otherwise.
pub(crate) fn in_list_order(children: &BTreeMap<String, Node>) -> Vec<&Node> {
    let mut items: Vec<_> = children.iter().collect();
    items.sort_by_key(|(name, _)| name.parse::<u64>().unwrap_or(u64::MAX));
    items.into_iter().map(|(_, node)| node).collect()
}

fn flatten(prefix: &str, fields: &BTreeMap<String, Node>, out: &mut String) {
    for (name, node) in fields {
        match node {
            // Lengths go in front, so that no value can imitate a neighbour's name.
            Node::Text(text) => {
                out.extend([prefix, "/", &name.len().to_string(), ":", name, "="]);
                out.extend([&text.len().to_string(), ":", text, ";"]);
            }
            Node::Tree(children) => {
                flatten(&format!("{prefix}/{}:{name}", name.len()), children, out);
            }
        }
    }
}

/// Splits `a[b][]` into `a`, `b` and an empty segment.
fn segments(key: &str) -> Result<Vec<String>, String> {
    let malformed = || format!("Invalid parameter name: {key}");
    let (name, mut rest) = match key.find('[') {
        Some(at) => key.split_at(at),
        None => (key, ""),
    };
    if name.is_empty() {
        return Err(malformed());
    }
    let mut path = vec![name.to_owned()];
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or_else(malformed)?;
        let (segment, after) = inner.split_once(']').ok_or_else(malformed)?;
        path.push(segment.to_owned());
        rest = after;
    }
    if path.len() > DEPTH_MAX {
        return Err(malformed());
    }
    Ok(path)
}

fn insert(
    fields: &mut BTreeMap<String, Node>,
    path: &[String],
    value: String,
) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else {
        return Ok(());
    };
    // `a[]=` takes the next free place of the list.
    let name = if first.is_empty() { fields.len().to_string() } else { first.clone() };
    if rest.is_empty() {
        return match fields.insert(name, Node::Text(value)) {
            Some(Node::Tree(_)) => Err(format!("Invalid parameter: {first} has two shapes")),
            _ => Ok(()),
        };
    }
    match fields.entry(name).or_insert_with(|| Node::Tree(BTreeMap::new())) {
        Node::Tree(children) => insert(children, rest, value),
        Node::Text(_) => Err(format!("Invalid parameter: {first} has two shapes")),
    }
}

/// Undoes percent- and plus-encoding.
pub(crate) fn decode(text: &str) -> Result<String, String> {
    let malformed = || "Invalid percent-encoding or UTF-8 in a parameter".to_owned();
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = rest.next().and_then(nibble).ok_or_else(malformed)?;
                let low = rest.next().and_then(nibble).ok_or_else(malformed)?;
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bracket_keys_become_a_tree() {
        let form = Form::parse(
            "amount=1250&metadata[order]=G%201&metadata[webhook_url]=http%3A%2F%2F127.0.0.1&\
             payment_method_types[]=card&payment_method_types[]=link&expand[0]=latest_charge",
        )
        .unwrap();
        assert_eq!(form.get("amount"), Some(&Node::Text("1250".into())));
        assert_eq!(form.texts("metadata")["order"], "G 1");
        let Some(Node::Tree(types)) = form.get("payment_method_types") else { panic!("no list") };
        assert_eq!(in_list_order(types), [&Node::Text("card".into()), &Node::Text("link".into())]);
    }

    #[test]
    fn a_list_of_more_than_ten_keeps_its_order() {
        let text: Vec<_> = (0..12).map(|n| format!("a[]={n}")).collect();
        let form = Form::parse(&text.join("&")).unwrap();
        let Some(Node::Tree(items)) = form.get("a") else { panic!("no list") };
        let read: Vec<_> = in_list_order(items).into_iter().cloned().collect();
        assert_eq!(read, (0..12).map(|n| Node::Text(n.to_string())).collect::<Vec<_>>());
    }

    #[test]
    fn the_fingerprint_ignores_order_and_sees_every_value() {
        let one = Form::parse("a=1&b[c]=2").unwrap().fingerprint();
        assert_eq!(one, Form::parse("b[c]=2&a=1").unwrap().fingerprint());
        assert_ne!(one, Form::parse("a=1&b[c]=3").unwrap().fingerprint());
        assert_ne!(one, Form::parse("a=1&b=2").unwrap().fingerprint());
    }

    #[test]
    fn broken_forms_are_refused() {
        for text in ["a[b=1", "[a]=1", "a=%G1", "a=%FF", "a=1&a[b]=2", "a[b]=2&a=1", "a[b]c=1"] {
            assert!(Form::parse(text).is_err(), "{text}");
        }
        assert!(Form::parse(&format!("a{}=1", "[b]".repeat(20))).is_err());
    }
}
