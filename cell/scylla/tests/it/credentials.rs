//! An engine that asks who comes in.

use std::{
    fmt::{self, Write as _},
    sync::Arc,
};

use base_config::Secret;
use base_testkit::OwnEngine;
use cell_scylla::{Config, OpenRefusal, Scylla};
use parking_lot::Mutex;
use scylla::client::session_builder::SessionBuilder;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::given::{done, full, owned};

const RIGHT: &str = "r1ght-w0rd";
const WRONG: &str = "wr0ng-w0rd";

/// Hears what is logged, at every level, by the driver too.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<String>>);

impl Visit for Logged {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // A text takes all that is written to it.
        let _ = writeln!(self.0.lock(), "{field} = {value:?}");
    }
}

impl Subscriber for Logged {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// All of it happens in one thread, so that all that is logged is heard.
#[tokio::test]
async fn who_may_comes_in_who_may_not_is_told_why_and_no_log_knows_the_password() {
    let test = "who_may_comes_in_who_may_not_is_told_why_and_no_log_knows_the_password";
    let engine = OwnEngine::start(test, "cassandra", &["--passwords"]).unwrap();
    let Some(engine) = engine else { return };
    let address = engine.address().unwrap();
    let builder = SessionBuilder::new().known_node(&address).user("cassandra", "cassandra");
    let session = builder.build().await.unwrap();
    let role = format!("CREATE ROLE souk WITH PASSWORD = '{RIGHT}' AND LOGIN = true");
    session.query_unpaged(role, ()).await.unwrap();
    let logged = Logged::default();
    let _hearing = tracing::subscriber::set_default(logged.clone());
    let whoever = Config { replication: 1, ..Config::new([address.clone()], "souk") };
    let who = |user: &str, password: &str| Config {
        user: Some(user.to_owned()),
        password: Secret::from(password.to_owned()),
        ..whoever.clone()
    };

    for (config, named) in [
        (whoever.clone(), "whoever has no user"),
        (who("souk", WRONG), "user souk"),
        (who("leila", WRONG), "user leila"),
    ] {
        let Err(refusal) = Box::pin(Scylla::open(&config)).await else { panic!("{named}") };
        let text = base_fault::chain(&refusal);
        assert!(matches!(refusal, OpenRefusal::Credentials { .. }), "{text}");
        for word in ["Cassandra", &address, named, "check `user` and `password`"] {
            assert!(text.contains(word), "{text}");
        }
        assert!(!text.contains(WRONG), "{text}");
    }

    let config = who("souk", RIGHT);
    let open = Box::pin(Scylla::open(&config)).await.unwrap();
    let stores = open.stores();
    let stream = owned(&stores, "users/a/carts/main").await;
    done(&stores, full(&stream, 0)).await;
    tracing::warn!(?config, "these are the settings");
    drop(stores);
    open.close().await.unwrap();
    let logged = logged.0.lock().clone();
    assert!(logged.contains("these are the settings") && logged.contains(&address));
    assert!(!logged.contains(RIGHT) && !logged.contains(WRONG), "a password is in the log");
}
