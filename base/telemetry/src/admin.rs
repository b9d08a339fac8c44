//! The admin port: health, readiness, metrics, the log filter, and what the process adds.

use std::{io, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::{Check, LogLevel, Metrics, Readiness};

/// What the registry prints.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The admin server of a process. It is for operators and probes: it must not be reachable from outside.
#[derive(Debug)]
pub struct Admin {
    shared: Arc<Shared>,
    more: Router,
}

#[derive(Clone, Debug)]
struct Shared {
    metrics: Metrics,
    readiness: Readiness,
    level: Option<LogLevel>,
}

/// The answer of `/readyz`.
#[derive(Serialize)]
struct Ready {
    ready: bool,
    checks: Vec<Check>,
}

impl Admin {
    /// Serves `/healthz`, `/readyz` and `/metrics`.
    pub fn new(metrics: Metrics, readiness: Readiness) -> Self {
        let shared = Shared { metrics, readiness, level: None };
        Self { shared: Arc::new(shared), more: Router::new() }
    }

    /// Also serves `/log`: GET prints the filter of the logs, PUT changes it.
    pub fn with_level(mut self, level: LogLevel) -> Self {
        Arc::make_mut(&mut self.shared).level = Some(level);
        self
    }

    /// Also serves `routes`, which must not have the paths above. gRPC works too: pass `tonic::service::Routes::into_axum_router`.
    pub fn with_routes(mut self, routes: Router) -> Self {
        self.more = self.more.merge(routes);
        self
    }

    /// All routes, to serve them in another way.
    pub fn into_router(self) -> Router {
        let own = Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .route("/log", get(log_filter).put(change_log_filter))
            .with_state(self.shared);
        // A gRPC router brings its own fallback, which answers in gRPC's way.
        own.merge(self.more)
    }

    /// Serves HTTP/1.1 and HTTP/2 without TLS until the task is dropped. Ends only with an error of the listener.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, self.into_router()).await
    }
}

async fn readyz(State(shared): State<Arc<Shared>>) -> (StatusCode, Json<Ready>) {
    let checks = shared.readiness.checks();
    let ready = checks.iter().all(|check| check.ready);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, checks }))
}

async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, OPEN_METRICS)], shared.metrics.text())
}

async fn log_filter(State(shared): State<Arc<Shared>>) -> Response {
    match &shared.level {
        Some(level) => format!("{}\n", level.filter()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn change_log_filter(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Some(level) = &shared.level else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match level.set(String::from_utf8_lossy(&body).trim()) {
        Ok(()) => format!("{}\n", level.filter()).into_response(),
        Err(fault) => (StatusCode::BAD_REQUEST, format!("{fault}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::{Body, to_bytes},
        http::{Request, StatusCode},
        routing::get,
    };
    use tower::ServiceExt as _;

    use super::Admin;
    use crate::{Metrics, Readiness};

    async fn ask(router: &Router, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readiness_names_what_is_missing() {
        let readiness = Readiness::new();
        let table = readiness.register("table");
        let router = Admin::new(Metrics::new(), readiness).into_router();
        table.not_ready("no table yet");
        let (status, body) = ask(&router, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            body,
            r#"{"ready":false,"checks":[{"name":"table","ready":false,"reason":"no table yet"}]}"#
        );
        assert_eq!(ask(&router, "/healthz").await.0, StatusCode::OK, "alive, though not ready");
        table.ready();
        assert_eq!(ask(&router, "/readyz").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_process_adds_its_own_routes_beside_the_common_ones() {
        let more = Router::new().route("/table", get(|| async { "epoch 7" }));
        let router = Admin::new(Metrics::new(), Readiness::new()).with_routes(more).into_router();
        assert_eq!(ask(&router, "/table").await.1, "epoch 7");
        assert!(ask(&router, "/metrics").await.1.contains("process_resident_memory_bytes"));
        assert_eq!(ask(&router, "/log").await.0, StatusCode::NOT_FOUND);
    }
}
