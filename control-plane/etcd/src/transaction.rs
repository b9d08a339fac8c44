//! Of what a transaction is made: what it is based on, what it writes, and what is read if it is not done.

use bytes::Bytes;

use crate::v3::{
    Compare, DeleteRangeRequest, KeyValue, PutRequest, RangeRequest, RequestOp, ResponseOp,
    TxnRequest, TxnResponse,
    compare::{CompareResult, CompareTarget, TargetUnion},
    request_op::Request,
    response_op::Response,
};

/// All or nothing: if everything holds that it is based on, all is done; otherwise it is only looked why not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transaction {
    /// What must hold.
    pub holds: Vec<Compare>,
    /// What is then done.
    pub then: Vec<RequestOp>,
    /// What is read otherwise.
    pub otherwise: Vec<RequestOp>,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Whether it was done.
    pub done: bool,
    /// etcd's revision: if it was done, that of all that it wrote.
    pub revision: i64,
    /// What was read: the first key of each read, in order.
    pub read: Vec<Option<KeyValue>>,
}

impl From<Transaction> for TxnRequest {
    fn from(transaction: Transaction) -> Self {
        let Transaction { holds, then, otherwise } = transaction;
        Self { compare: holds, success: then, failure: otherwise }
    }
}

impl From<TxnResponse> for Outcome {
    fn from(answer: TxnResponse) -> Self {
        let read = |op: ResponseOp| match op.response {
            Some(Response::ResponseRange(range)) => Some(range.kvs.into_iter().next()),
            _ => None,
        };
        Self {
            done: answer.succeeded,
            revision: answer.header.map_or(0, |header| header.revision),
            read: answer.responses.into_iter().filter_map(read).collect(),
        }
    }
}

/// Holds if the key was last written at this revision; 0 for a key that does not exist.
pub fn written_at(key: &str, revision: i64) -> Compare {
    compare(key, CompareTarget::Mod, TargetUnion::ModRevision(revision))
}

/// Holds if the key was made at this revision and has not been deleted since.
pub fn made_at(key: &str, revision: i64) -> Compare {
    compare(key, CompareTarget::Create, TargetUnion::CreateRevision(revision))
}

/// Holds if there is no such key.
pub fn is_new(key: &str) -> Compare {
    made_at(key, 0)
}

fn compare(key: &str, target: CompareTarget, union: TargetUnion) -> Compare {
    Compare {
        result: CompareResult::Equal.into(),
        target: target.into(),
        key: Bytes::copy_from_slice(key.as_bytes()),
        target_union: Some(union),
    }
}

/// Writes a key.
pub fn put(key: &str, value: impl Into<Bytes>) -> RequestOp {
    put_with_lease(key, value, 0)
}

/// Writes a key that ends with a lease.
pub fn put_with_lease(key: &str, value: impl Into<Bytes>, lease: i64) -> RequestOp {
    let key = Bytes::copy_from_slice(key.as_bytes());
    RequestOp { request: Some(Request::RequestPut(PutRequest { key, value: value.into(), lease })) }
}

/// Reads a key.
pub fn get(key: &str) -> RequestOp {
    let key = Bytes::copy_from_slice(key.as_bytes());
    RequestOp { request: Some(Request::RequestRange(RangeRequest { key, ..Default::default() })) }
}

/// Deletes all keys that begin so.
pub fn delete_prefix(prefix: &str) -> RequestOp {
    let (key, range_end) = (Bytes::copy_from_slice(prefix.as_bytes()), range_end(prefix));
    RequestOp { request: Some(Request::RequestDeleteRange(DeleteRangeRequest { key, range_end })) }
}

/// The first key behind all that begin so.
pub fn range_end(prefix: &str) -> Bytes {
    let mut end = prefix.as_bytes().to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end.into();
        }
    }
    // Of nothing but the highest byte, all keys from there on are meant; etcd writes that as one zero.
    Bytes::from_static(&[0])
}

#[cfg(test)]
mod tests {
    use super::range_end;

    #[test]
    fn a_range_ends_behind_all_that_begin_so() {
        assert_eq!(&*range_end("/souk/"), b"/souk0");
        assert_eq!(&*range_end("a"), b"b");
        assert_eq!(&*range_end(""), [0]);
    }
}
