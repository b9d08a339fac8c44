//! One value of a field: from JSON or from the text of a path or a query, with a word about what was expected.

use std::fmt::Display;

use base64::{
    Engine as _, engine::DecodePaddingMode, engine::GeneralPurpose, engine::GeneralPurposeConfig,
};
use prost_reflect::{EnumDescriptor, Kind, MapKey, Value};

use crate::json::Json;

/// Both alphabets, padded or not, as proto3 JSON asks of a reader.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

/// Reads a value that is not a message. The error says what was given and what is expected.
pub(crate) fn of_json(kind: &Kind, json: Json) -> Result<Value, String> {
    match (kind, json) {
        (Kind::Bool, Json::Bool(value)) => Ok(Value::Bool(value)),
        (Kind::String, Json::Text(value)) => Ok(Value::String(value)),
        (Kind::Bytes, Json::Text(text)) => bytes(&text),
        (Kind::Enum(of), Json::Text(name)) => enum_named(of, &name),
        (Kind::Enum(of), Json::Whole(number)) => enum_numbered(of, number),
        (Kind::Double | Kind::Float, Json::Whole(value)) => real(kind, &value.to_string()),
        (Kind::Double | Kind::Float, Json::Real(value)) => real(kind, &value.to_string()),
        (_, Json::Whole(number)) if range(kind).is_some() => whole(kind, number),
        (_, Json::Text(text)) if range(kind).is_some() => whole_of_text(kind, &text),
        (_, Json::Real(_)) if range(kind).is_some() => Err(format!(
            "is a number with a fraction, an exponent or too many digits; expected {}",
            expected(kind)
        )),
        (_, json) => Err(format!("is {}; expected {}", json.kind(), expected(kind))),
    }
}

/// Reads a value out of a path or a query.
pub(crate) fn of_text(kind: &Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::String => Ok(Value::String(text.to_owned())),
        Kind::Bytes => bytes(text),
        Kind::Bool => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err("expected true or false".to_owned()),
        },
        Kind::Enum(of) => match text.parse::<i128>() {
            Ok(number) => enum_numbered(of, number),
            Err(_) => enum_named(of, text),
        },
        Kind::Double | Kind::Float => real(kind, text),
        Kind::Message(of) => {
            Err(format!("is a {}; name its fields, as in `field.inner=…`", of.name()))
        }
        _ => whole_of_text(kind, text),
    }
}

/// Reads the key of a map's entry.
pub(crate) fn map_key(kind: &Kind, text: String) -> Result<MapKey, String> {
    match of_text(kind, &text)? {
        Value::String(_) => Ok(MapKey::String(text)),
        Value::Bool(key) => Ok(MapKey::Bool(key)),
        Value::I32(key) => Ok(MapKey::I32(key)),
        Value::I64(key) => Ok(MapKey::I64(key)),
        Value::U32(key) => Ok(MapKey::U32(key)),
        Value::U64(key) => Ok(MapKey::U64(key)),
        _ => Err("cannot be a key".to_owned()),
    }
}

/// What a value of this kind looks like, for people.
pub(crate) fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::String => "a text".to_owned(),
        Kind::Bytes => "a text in base64".to_owned(),
        Kind::Double | Kind::Float => "a number".to_owned(),
        Kind::Enum(of) => format!("one of {}", names(of)),
        Kind::Message(of) => format!("an object ({})", of.name()),
        _ => match range(kind) {
            Some((min, max)) => format!("a whole number from {min} to {max}"),
            None => "another value".to_owned(),
        },
    }
}

fn range(kind: &Kind) -> Option<(i128, i128)> {
    Some(match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => (i32::MIN.into(), i32::MAX.into()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (i64::MIN.into(), i64::MAX.into()),
        Kind::Uint32 | Kind::Fixed32 => (0, u32::MAX.into()),
        Kind::Uint64 | Kind::Fixed64 => (0, u64::MAX.into()),
        _ => return None,
    })
}

fn whole(kind: &Kind, number: i128) -> Result<Value, String> {
    let value = match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => i32::try_from(number).ok().map(Value::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => i64::try_from(number).ok().map(Value::I64),
        Kind::Uint32 | Kind::Fixed32 => u32::try_from(number).ok().map(Value::U32),
        Kind::Uint64 | Kind::Fixed64 => u64::try_from(number).ok().map(Value::U64),
        _ => None,
    };
    value.ok_or_else(|| given(number, kind))
}

fn whole_of_text(kind: &Kind, text: &str) -> Result<Value, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain {
        return Err(format!("is a text that is not a whole number; expected {}", expected(kind)));
    }
    // So many digits that 128 bits do not hold them are out of every range.
    let number = text.parse().unwrap_or(i128::MAX);
    whole(kind, number).map_err(|_| given(crate::text::shortened(text), kind))
}

fn real(kind: &Kind, text: &str) -> Result<Value, String> {
    let value = match kind {
        Kind::Float => text.parse().ok().filter(|value: &f32| value.is_finite()).map(Value::F32),
        _ => text.parse().ok().filter(|value: &f64| value.is_finite()).map(Value::F64),
    };
    value.ok_or_else(|| format!("expected {}", expected(kind)))
}

fn bytes(text: &str) -> Result<Value, String> {
    let url_safe = text.contains(['-', '_']);
    let decoded = if url_safe { URL_SAFE.decode(text) } else { STANDARD.decode(text) };
    let bytes = decoded.map_err(|error| format!("is not base64: {error}"))?;
    Ok(Value::Bytes(bytes.into()))
}

fn enum_named(of: &EnumDescriptor, name: &str) -> Result<Value, String> {
    let found = of.get_value_by_name(name);
    let found = found.ok_or_else(|| {
        format!("is `{}`; expected one of {}", crate::text::shortened(name), names(of))
    })?;
    Ok(Value::EnumNumber(found.number()))
}

fn enum_numbered(of: &EnumDescriptor, number: i128) -> Result<Value, String> {
    let known = i32::try_from(number).ok().and_then(|number| of.get_value(number));
    let found = known.ok_or_else(|| format!("is {number}; expected one of {}", names(of)))?;
    Ok(Value::EnumNumber(found.number()))
}

fn names(of: &EnumDescriptor) -> String {
    let names: Vec<_> = of.values().map(|value| value.name().to_owned()).collect();
    names.join(", ")
}

fn given(number: impl Display, kind: &Kind) -> String {
    format!("is {number}; expected {}", expected(kind))
}

#[cfg(test)]
mod tests {
    use prost_reflect::{Kind, Value};

    use super::{of_json, of_text};
    use crate::json::Json;

    #[test]
    fn whole_numbers_come_as_numbers_or_texts_and_never_wrap() {
        for json in [Json::Whole(i64::MAX.into()), Json::Text("9223372036854775807".into())] {
            assert_eq!(of_json(&Kind::Int64, json), Ok(Value::I64(i64::MAX)));
        }
        for (kind, json) in [
            (Kind::Int64, Json::Whole(u64::MAX.into())),
            (Kind::Int64, Json::Real(1.0)),
            (Kind::Int64, Json::Text("9".repeat(100))),
            (Kind::Int64, Json::Text("-9223372036854775809".into())),
            (Kind::Int32, Json::Whole(1 << 31)),
            (Kind::Uint32, Json::Whole(-1)),
            (Kind::Uint64, Json::Text("+1".into())),
            (Kind::Int32, Json::Text(String::new())),
            (Kind::Int32, Json::Text("1 ".into())),
            (Kind::Int32, Json::Text("0x1".into())),
            (Kind::Int32, Json::Bool(true)),
        ] {
            let problem = of_json(&kind, json).unwrap_err();
            assert!(problem.contains("expected a whole number from "), "{problem}");
        }
    }

    #[test]
    fn a_wrong_type_is_named_but_never_repeated() {
        let problem = of_json(&Kind::Bool, Json::Text("hunter2".into())).unwrap_err();
        assert_eq!(problem, "is a text; expected true or false");
        assert!(of_json(&Kind::String, Json::Whole(7)).is_err());
    }

    #[test]
    fn bytes_come_in_both_alphabets() {
        for text in ["+/8=", "-_8", "-_8=", "+/8"] {
            assert_eq!(
                of_text(&Kind::Bytes, text),
                Ok(Value::Bytes(vec![0xfb, 0xff].into())),
                "{text}"
            );
        }
        assert!(of_text(&Kind::Bytes, "é").is_err());
    }
}
