//! Finds and rewrites the addressee in an encoded request, without decoding the rest of it.

use base_fault::{Code, Fault};
use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};

use crate::contract::Addressee;

/// The addressee as the request's decoder will see it: the last one given. Empty if there is none.
pub(crate) fn addressee(request: &[u8], at: &Addressee) -> Result<String, Fault> {
    let mut found = Vec::new();
    each_first(request, &mut |field| {
        if at.nested {
            each_first(field, &mut |inner| {
                found = inner.to_vec();
                Ok(())
            })
        } else {
            found = field.to_vec();
            Ok(())
        }
    })?;
    String::from_utf8(found).map_err(|_| malformed())
}

/// Names another addressee. What is given last wins, and messages given twice are merged, so it is enough to add to the end.
pub(crate) fn readdress(request: &mut Vec<u8>, at: &Addressee, name: &str) {
    let field = |text: &[u8]| {
        let mut field = Vec::with_capacity(text.len() + 4);
        encode_key(1, WireType::LengthDelimited, &mut field);
        encode_varint(text.len() as u64, &mut field);
        field.extend_from_slice(text);
        field
    };
    let name = field(name.as_bytes());
    request.extend(if at.nested { field(&name) } else { name });
}

/// Calls `seen` with the content of each field 1.
fn each_first(
    message: &[u8],
    seen: &mut impl FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut left = message;
    while !left.is_empty() {
        let (number, wire_type) = decode_key(&mut left).map_err(|_| malformed())?;
        let len = match wire_type {
            WireType::LengthDelimited => decode_varint(&mut left).map_err(|_| malformed())?,
            WireType::Varint => {
                decode_varint(&mut left).map_err(|_| malformed())?;
                0
            }
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            // proto3 has no groups.
            WireType::StartGroup | WireType::EndGroup => return Err(malformed()),
        };
        let len = usize::try_from(len).ok().filter(|len| *len <= left.len());
        let (content, behind) = left.split_at(len.ok_or_else(malformed)?);
        if number == 1 {
            if wire_type != WireType::LengthDelimited {
                return Err(malformed());
            }
            seen(content)?;
        }
        left = behind;
    }
    Ok(())
}

fn malformed() -> Fault {
    Fault::caller(Code::Malformed, "the message is not what the method takes")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;
    use souk_proto::souk::inventory::v1::{ListStockRequest, ListStockResponse, StockLevel};

    use super::{addressee, readdress};
    use crate::contract::Addressee;

    fn at(nested: bool) -> Addressee {
        Addressee { field: String::new(), nested }
    }

    #[test]
    fn the_addressee_is_found_and_replaced_as_a_decoder_sees_it() {
        let request =
            ListStockRequest { parent: "users/me".into(), page_size: 7, page_token: "x".into() };
        let mut bytes = request.encode_to_vec();
        assert_eq!(addressee(&bytes, &at(false)).unwrap(), "users/me");
        readdress(&mut bytes, &at(false), "users/u1");
        assert_eq!(addressee(&bytes, &at(false)).unwrap(), "users/u1");
        let read = ListStockRequest::decode(&*bytes).unwrap();
        assert_eq!(read, ListStockRequest { parent: "users/u1".into(), ..request });
    }

    #[test]
    fn a_resources_own_name_is_found_inside_it() {
        let level =
            StockLevel { name: "vendors/a/stock/o".into(), on_hand: 3, ..StockLevel::default() };
        let mut bytes = ListStockResponse { stock: vec![level], next_page_token: String::new() }
            .encode_to_vec();
        assert_eq!(addressee(&bytes, &at(true)).unwrap(), "vendors/a/stock/o");
        readdress(&mut bytes, &at(true), "vendors/b");
        assert_eq!(addressee(&bytes, &at(true)).unwrap(), "vendors/b");
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_answer_and_it_is_the_decoders(bytes in proptest::collection::vec(0_u8..40, 0..40)) {
            let found = addressee(&bytes, &at(false));
            if let Ok(read) = ListStockRequest::decode(&*bytes)
                && let Ok(found) = found
            {
                prop_assert_eq!(found, read.parent);
            }
        }
    }
}
