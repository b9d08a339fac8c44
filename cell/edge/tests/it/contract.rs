//! A contract that cannot be served is refused at the start, with every mistake in it.

use base_ids::{Epoch, Generation, Tenant};
use base_telemetry::Metrics;
use base_time::SystemClock;
use cell_edge::{Answered, Call, Changes, Desk, Edge, EdgeConfig, EdgeParts, Keys, Unanswered};
use cell_runtime::ephemeral::Local;
use futures_util::future::BoxFuture;
use prost::Message as _;

use crate::house::{PictureShelf, compile};

struct NoDesk;

impl Desk for NoDesk {
    fn serve(&self, _: Call) -> BoxFuture<'_, Result<Answered, Unanswered>> {
        unreachable!("nothing is served")
    }

    fn watch(&self, _: Call) -> BoxFuture<'_, Result<Changes, Unanswered>> {
        unreachable!("nothing is served")
    }

    fn owns(&self, _: &Tenant, _: bool) -> Result<(Generation, Epoch), Unanswered> {
        unreachable!("nothing is served")
    }

    fn keys(&self) -> std::sync::Arc<Keys> {
        std::sync::Arc::default()
    }
}

async fn mistakes(descriptors: &[u8]) -> Vec<String> {
    let parts = EdgeParts {
        desk: std::sync::Arc::new(NoDesk),
        shelf: std::sync::Arc::new(PictureShelf::default()),
        descriptors,
        ephemeral: std::sync::Arc::new(Local::default()),
        config: EdgeConfig::default(),
        clock: std::sync::Arc::new(SystemClock),
        metrics: Metrics::new(),
    };
    Edge::new(parts).await.err().map(|error| error.0).unwrap_or_default()
}

#[tokio::test]
async fn each_mistake_in_a_contract_is_named() {
    let found = mistakes(&compile(&["broken.proto"])).await;
    let expected = [
        "NoAccess: souk.v1.access is missing",
        "VendorWithoutRole: souk.v1.access says VENDOR without a role",
        "InternalWithHttp: is INTERNAL and must have no google.api.http",
        "PublicWithoutHttp: has no google.api.http",
        "NoSuchField: M has no field `colour`",
        "TenantElsewhere: `/v1/{second=users/*/x}`: the request's first field must hold the tenant's name",
        "LiteralTenant: `/v1/platform/x/y`: the request's first field must hold the tenant's name",
        "LiteralMe: `/v1/{first=users/me/x}`: the router puts the caller's name in place of `me`",
        "NotVersioned: `/x` is not below `/v1/`",
        "BodyOfGet: `/v1/body`: GET has no body",
        "ClientStream: client streams are not served",
        "StreamOfPost: streams, and so must be a GET",
    ];
    for (expected, found) in expected.iter().zip(&found) {
        let found = found.strip_prefix("broken.v1.Broken/").unwrap();
        assert!(found.starts_with(expected), "expected `{expected}`, found `{found}`");
    }
    assert_eq!(found.len(), expected.len() + 1, "{found:?}");
    assert_eq!(
        found.last().unwrap(),
        "broken.v1.Broken/Same: `/v1/{first=a/*}` clashes with broken.v1.Broken/Good"
    );
}

#[tokio::test]
async fn what_is_not_a_contract_is_refused() {
    assert!(!mistakes(b"nonsense").await.is_empty());
    assert!(!mistakes(&prost_types::FileDescriptorSet::default().encode_to_vec()).await.is_empty());
}

#[tokio::test]
async fn the_platforms_own_contract_is_served() {
    assert_eq!(mistakes(souk_proto::DESCRIPTORS).await, [""; 0]);
}
