//! Ended sessions go from the cell that ended them to every router, and to one that comes later, until their tokens have run out.

use std::time::Duration;

use base_time::Clock as _;
use souk_proto_fleet::v1::{
    EndSessionsRequest, EndedSession, EndedSessions, WatchEndedSessionsRequest,
};
use tonic::{Code, Streaming};

use crate::fleet::{Plane, fleet};

async fn watch(plane: &Plane) -> Streaming<EndedSessions> {
    let request = WatchEndedSessionsRequest { router: "router-1".into() };
    fleet(plane.address()).await.watch_ended_sessions(request).await.unwrap().into_inner()
}

async fn next(told: &mut Streaming<EndedSessions>) -> Vec<String> {
    let word = told.message().await.unwrap().unwrap();
    word.sessions.into_iter().map(|ended| format!("{}/{}", ended.user, ended.session)).collect()
}

#[tokio::test]
async fn routers_hear_of_ended_sessions_until_their_tokens_have_run_out() {
    let directory = tempfile::tempdir().unwrap();
    let plane = Plane::start(directory.path(), 1).await;
    let mut cell = fleet(plane.address()).await;
    let until = plane.clock.now().after(Duration::from_mins(10)).as_millis();
    let mut end = async |user: &str, until: i64| {
        let ended =
            EndedSession { user: user.into(), session: "s1".into(), tokens_until_ms: until };
        cell.end_sessions(EndSessionsRequest { sessions: vec![ended] }).await
    };
    let mut early = watch(&plane).await;
    end("users/u1", until).await.unwrap();
    assert_eq!(next(&mut early).await, ["users/u1/s1"]);
    end("users/u2", until + 60_000).await.unwrap();
    assert_eq!(next(&mut early).await, ["users/u2/s1"]);
    assert_eq!(end("u3", until).await.unwrap_err().code(), Code::InvalidArgument);

    let mut late = watch(&plane).await;
    assert_eq!(next(&mut late).await, ["users/u1/s1", "users/u2/s1"]);
    assert_eq!(plane.counter("ended_sessions").await, 2);
    plane.clock.advance(Duration::from_mins(10));
    let mut later = watch(&plane).await;
    assert_eq!(next(&mut later).await, ["users/u2/s1"], "the first one's tokens have run out");
}
