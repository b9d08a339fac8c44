//! Responses as JSON: the canonical form of proto3, with every plain field printed, so that clients need not know defaults.

use base_fault::{Code, Fault};
use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, SerializeOptions};

/// Writes an encoded message as JSON: 64-bit numbers as texts, enums by name, fields without a value as their default, messages
/// and optional fields without a value left out.
pub(crate) fn json(
    of: &MessageDescriptor,
    bytes: &[u8],
    only: Option<&FieldDescriptor>,
) -> Result<Vec<u8>, Fault> {
    let broken = |what: &str| {
        Fault::ours(Code::Internal, format!("a response is not a {}: {what}", of.full_name()))
    };
    let message = DynamicMessage::decode(of.clone(), bytes)
        .map_err(|error| broken("it cannot be decoded").because(error))?;
    let options = SerializeOptions::new().skip_default_fields(false);
    let mut json = Vec::with_capacity(2 * bytes.len() + 64);
    message
        .serialize_with_options(&mut serde_json::Serializer::new(&mut json), &options)
        .map_err(|error| broken("it cannot be written").because(error))?;
    let Some(field) = only else { return Ok(json) };
    let whole: serde_json::Value =
        serde_json::from_slice(&json).map_err(|error| broken("it is not JSON").because(error))?;
    let part = whole.get(field.json_name()).cloned().unwrap_or_default();
    serde_json::to_vec(&part).map_err(|error| broken("it cannot be written").because(error))
}
