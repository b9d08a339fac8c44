//! Laws of lost answers: the outcome of a write has three values, and the third is resolved by reading back.

use std::{
    pin::pin,
    task::{Context, Waker},
};

use base_fault::Code;
use base_ids::Version;

use super::{
    BadDay, Subject,
    given::{NOON, done, events, fine, heard_at, key, message, owned, reply, version},
};
use crate::port::{Append, Appended};

fn told(stream: &base_ids::StreamName) -> Append {
    Append {
        reply: Some((key("k1"), reply(7, NOON))),
        heard: vec![heard_at(stream, 9, 1)],
        ..events(stream, 0, 1)
    }
}

pub(super) async fn an_unknown_outcome_is_resolved_by_reading_back(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    if !subject.inject(BadDay::LoseAnswer) {
        return;
    }
    let lost = stores.journal.append(told(&stream)).await;
    assert_eq!(lost.map_err(|fault| fault.code()), Err(Code::OutcomeUnknown));
    // Each of the three marks of an append tells that it happened.
    let journal = &stores.journal;
    assert_eq!(version(&stores, &stream).await, Version(1));
    assert!(fine(journal.reply(&stream.tenant, &key("k1")).await).is_some());
    let heard = journal.heard(&stream.tenant, "carts", message(&stream, 9).id).await;
    assert_eq!(fine(heard), Some((stream.clone(), Version(1))));
    // To try again is safe.
    let again = fine(journal.append(told(&stream)).await);
    assert!(matches!(again, Appended::AlreadyHeard { .. }), "{again:?}");
    assert_eq!(version(&stores, &stream).await, Version(1));
}

pub(super) async fn what_failed_before_leaves_nothing(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    if !subject.inject(BadDay::FailBefore) {
        return;
    }
    let failed = stores.journal.append(told(&stream)).await;
    let code = failed.map_err(|fault| fault.code());
    assert!(matches!(code, Err(code) if code != Code::OutcomeUnknown), "{code:?}");
    assert_eq!(version(&stores, &stream).await, Version(0));
    done(&stores, told(&stream)).await;
}

/// A caller that goes away (a deadline, a broken connection) does not know; whoever asks again finds out.
pub(super) async fn an_abandoned_append_happens_once_or_not_at_all(subject: &mut impl Subject) {
    let stores = subject.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    {
        let mut abandoned = pin!(stores.journal.append(told(&stream)));
        let _ = abandoned.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    let again = fine(stores.journal.append(told(&stream)).await);
    assert!(matches!(again, Appended::AlreadyHeard { .. } | Appended::Done { .. }), "{again:?}");
    assert_eq!(version(&stores, &stream).await, Version(1));
    drop(stores);
    subject.reopen().await;
    assert_eq!(version(&subject.stores(), &stream).await, Version(1));
}
