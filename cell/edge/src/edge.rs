//! The edge, put together: the contract read once, the routes, the pages, and how they are served.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use base_identity::Door;
use base_telemetry::Metrics;
use base_time::Clock;
use bytes::Bytes;
use cell_runtime::ephemeral::Ephemeral;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::service::Routes;

use crate::{
    Desk, EdgeConfig, InvalidContract, Shelf, ask, contract::Contract, count::Count, grpc,
    identity::Identity, linger, office::Office, openapi, pages, rest, serve,
};

/// What an edge is made of.
pub struct EdgeParts<'d> {
    /// Who carries out calls.
    pub desk: Arc<dyn Desk>,
    /// Where bytes are kept that are no message.
    pub shelf: Arc<dyn Shelf>,
    /// The contract: an encoded `google.protobuf.FileDescriptorSet`, such as `souk_proto::DESCRIPTORS`.
    pub descriptors: &'d [u8],
    /// What it shares with the cell's other processes for a while.
    pub ephemeral: Arc<dyn Ephemeral>,
    /// Bounds.
    pub config: EdgeConfig,
    /// Tells whether tokens still hold.
    pub clock: Arc<dyn Clock>,
    /// Where its counters are registered.
    pub metrics: Metrics,
}

/// The face of a cell.
pub struct Edge {
    office: Arc<Office>,
    router: Router,
}

/// A page that is made once.
#[derive(Clone)]
struct Page {
    json: Bytes,
    etag: HeaderValue,
}

impl Edge {
    /// Reads the contract; refuses one that cannot be served, with every mistake in it.
    pub async fn new(parts: EdgeParts<'_>) -> Result<Self, InvalidContract> {
        let EdgeParts { desk, shelf, descriptors, ephemeral, config, clock, metrics } = parts;
        let contract = Contract::read(descriptors)?;
        let page = Page::of(&openapi::of(&contract));
        let health_and_reflection = grpc_services(&contract, descriptors).await?;
        let office = Arc::new(Office {
            contract,
            desk,
            shelf,
            clock,
            count: metrics.with(Count::new),
            identity: Identity::new(),
            ephemeral,
            random: SystemRandom::new(),
            calls: Arc::new(Semaphore::new(config.calls_max)),
            streams: Arc::new(Semaphore::new(config.streams_max)),
            large_bodies: Arc::new(Semaphore::new(config.large_bodies_max)),
            uploads: Arc::new(Semaphore::new(config.uploads_max)),
            downloads: Arc::new(Semaphore::new(config.downloads_max)),
            running: TaskTracker::new(),
            stopping: CancellationToken::new(),
            config,
        });
        let router = Router::new()
            .route(
                "/openapi.json",
                get(move |headers: HeaderMap| async move { page.answer(&headers) }),
            )
            .route("/.well-known/jwks.json", get(jwks))
            .route("/errors", get(pages::list))
            .route("/errors/{code}", get(pages::serve))
            .merge(health_and_reflection)
            .fallback(answer)
            .with_state(Arc::clone(&office));
        Ok(Self { office, router })
    }

    /// The routes, to be called in process.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Serves those who come to `listener` and are let in, until `shutdown` is done; then ends streams, gives calls in flight their
    /// time, and returns.
    pub async fn serve(
        &self,
        listener: TcpListener,
        door: Door,
        shutdown: impl Future<Output = ()>,
    ) {
        let stopping = async {
            shutdown.await;
            self.office.stopping.cancel();
        };
        serve::serve(listener, door, self.router(), &self.office.config, stopping).await;
        // Mutations whose callers have gone.
        self.office.running.close();
        let drain = std::time::Duration::from_millis(self.office.config.drain_ms);
        if tokio::time::timeout(drain, self.office.running.wait()).await.is_err() {
            tracing::warn!("some changes did not end in time and are cut off");
        }
    }
}

async fn answer(State(office): State<Arc<Office>>, request: Request) -> Response {
    if ask::is_question(request.headers()) {
        return ask::answer(&office, &request.into_parts().0);
    }
    if grpc::is_grpc(request.headers()) {
        grpc::answer(office, request).await
    } else {
        let request = linger::over(request, &office.stopping);
        rest::answer(office, request).await
    }
}

async fn jwks(State(office): State<Arc<Office>>) -> Response<Body> {
    let jwks = office.desk.keys().jwks(office.clock.now());
    let headers = [(header::CACHE_CONTROL, "public, max-age=60")];
    (headers, axum::Json(jwks)).into_response()
}

/// `grpc.health.v1.Health` and `grpc.reflection.v1.ServerReflection`, for the services that the public may call.
async fn grpc_services<S: Clone + Send + Sync + 'static>(
    contract: &Contract,
    descriptors: &[u8],
) -> Result<Router<S>, InvalidContract> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let mut reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(descriptors)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health")
        .with_service_name("grpc.reflection.v1.ServerReflection");
    for service in contract.public_services() {
        reporter.set_service_status(&service, tonic_health::ServingStatus::Serving).await;
        reflection = reflection.with_service_name(service);
    }
    let reflection =
        reflection.build_v1().map_err(|error| InvalidContract(vec![error.to_string()]))?;
    let mut router = Router::new();
    // Routed one by one: the router that tonic would build has a fallback of its own.
    for (name, routes) in [
        ("grpc.health.v1.Health", Routes::new(health)),
        ("grpc.reflection.v1.ServerReflection", Routes::new(reflection)),
    ] {
        router = router.route_service(&format!("/{name}/{{*method}}"), routes.into_axum_router());
    }
    Ok(router)
}

impl Page {
    fn of(value: &serde_json::Value) -> Self {
        let json = serde_json::to_vec(value).expect("a JSON value always serialises");
        let hash = hex::encode(&digest(&SHA256, &json).as_ref()[..8]);
        let etag = HeaderValue::try_from(format!("\"{hash}\"")).expect("hex digits fit a header");
        Self { json: json.into(), etag }
    }

    fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60")),
            (header::ETAG, self.etag.clone()),
        ];
        let has = asked.get(header::IF_NONE_MATCH) == Some(&self.etag);
        let (status, body) = if has {
            (StatusCode::NOT_MODIFIED, Body::empty())
        } else {
            (StatusCode::OK, Body::from(self.json.clone()))
        };
        (status, headers, body).into_response()
    }
}
