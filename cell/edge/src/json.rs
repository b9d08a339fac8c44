//! JSON as it came: a tree that keeps repeated keys and whole numbers, bounded in depth.

use std::fmt;

use base_fault::{Code, Fault};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Deepest nesting of objects and arrays.
pub(crate) const DEPTH_MAX: usize = 32;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Whole(i128),
    /// A number with a fraction, with an exponent, or beyond 64 bits.
    Real(f64),
    Text(String),
    List(Vec<Json>),
    /// In the order given; keys may repeat, which the reader of the object refuses.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one JSON value and nothing behind it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let text = format!("the body is not UTF-8 from byte {} on", error.valid_up_to());
            Fault::caller(Code::Malformed, text)
        })?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = Depth(0).deserialize(&mut reader);
        read.and_then(|json| reader.end().map(|()| json)).map_err(|error| {
            Fault::caller(Code::Malformed, format!("the body is not JSON that is served: {error}"))
        })
    }

    /// What kind of value it is, for a message; never the value itself, which may be a secret.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Whole(_) | Self::Real(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// The same for serde; `None` if a key is given twice.
    pub(crate) fn into_value(self) -> Option<serde_json::Value> {
        use serde_json::Value;
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => value.into(),
            Self::Whole(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                _ => return None,
            },
            Self::Real(value) => value.into(),
            Self::Text(value) => value.into(),
            Self::List(items) => {
                Value::Array(items.into_iter().map(Self::into_value).collect::<Option<_>>()?)
            }
            Self::Object(pairs) => {
                let mut object = serde_json::Map::new();
                for (key, value) in pairs {
                    if object.insert(key, value.into_value()?).is_some() {
                        return None;
                    }
                }
                Value::Object(object)
            }
        })
    }
}

/// Reads a value at this depth.
#[derive(Clone, Copy)]
struct Depth(usize);

impl Depth {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.0 < DEPTH_MAX {
            Ok(Self(self.0 + 1))
        } else {
            Err(E::custom(format_args!("nested deeper than {DEPTH_MAX} levels")))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Whole(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Whole(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Real(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let inside = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let inside = self.deeper()?;
        let mut pairs = Vec::new();
        while let Some(key) = object.next_key::<String>()? {
            pairs.push((key, object.next_value_seed(inside)?));
        }
        Ok(Json::Object(pairs))
    }
}

#[cfg(test)]
mod tests {
    use base_fault::Code;
    use proptest::prelude::*;

    use super::{DEPTH_MAX, Json};

    #[test]
    fn numbers_keep_every_digit_and_keys_may_still_repeat() {
        let json =
            Json::parse(br#"{"a":9223372036854775807,"a":1.5,"b":[null,true,"x"]}"#).unwrap();
        let list = Json::List(vec![Json::Null, Json::Bool(true), Json::Text("x".into())]);
        let pairs = [("a", Json::Whole(i64::MAX.into())), ("a", Json::Real(1.5)), ("b", list)];
        assert_eq!(json, Json::Object(pairs.map(|(key, value)| (key.to_owned(), value)).into()));
        assert_eq!(json.into_value(), None);
    }

    #[test]
    fn what_is_not_json_is_refused_with_its_place() {
        for body in [
            &b""[..],
            b"{",
            b"{}x",
            b"{'a':1}",
            b"{\"a\":01}",
            b"[1,]",
            b"nul",
            b"\"\\ud800\"",
            b"\xff\xfe",
            b"{\"a\":1e999}",
            b"NaN",
            b"\xef\xbb\xbf{}",
        ] {
            let fault = Json::parse(body).unwrap_err();
            assert_eq!(fault.code(), Code::Malformed, "{body:?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert!(Json::parse(nested(DEPTH_MAX + 1).as_bytes()).is_err());
        assert!(Json::parse("[".repeat(1_000_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Json::parse(&bytes);
        }
    }
}
