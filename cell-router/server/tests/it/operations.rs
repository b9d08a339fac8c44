//! What operators see: the access log, the table, the filter of the logs; no tenant in a metric.

use std::path::Path;

use bytes::Bytes;
use http::Method;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use router_server::{AccessLog, Clients, Config, Router};
use serde_json::Value;

use crate::{
    client::Client,
    fleet::{Fleet, bearer, config, keep, table},
    process::{souk_router, until_it_serves},
};

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn logging(directory: &Path, share: f64) -> Config {
    let to = directory.join("access.log").to_str().unwrap().to_owned();
    let access_log = AccessLog { to, share, clients: Clients::Whole, ..AccessLog::default() };
    Config { access_log, ..config(directory) }
}

#[tokio::test]
async fn the_access_log_says_what_happened_and_keeps_secrets() {
    let fleet = Fleet::start(1).await;
    let directory = tempfile::tempdir().unwrap();
    keep(directory.path(), &table(1, &fleet.cells, &[]));
    let router = Router::start(logging(directory.path(), 1.0)).await.unwrap();
    let client = Client::of(router.addresses().http);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let authorization = bearer("users/u7");
    let headers = [("authorization", authorization.as_str()), ("traceparent", trace)];
    let answer = client.get_with("/v1/users/me/orders?secret=abc", &headers).await;
    let forged =
        client.get_with("/v1/users/me", &[("authorization", "Bearer forged-and-secret")]).await;
    let guest = client.send(Method::POST, "/v1/users/me/carts", &[], Bytes::from("secret")).await;
    let cookie = guest.headers["set-cookie"].to_str().unwrap().to_owned();
    router.stop().await;
    let written = lines(&directory.path().join("access.log"));
    assert_eq!(written.len(), 3);
    let id = answer.headers["x-request-id"].to_str().unwrap();
    let line = written.iter().find(|line| line["request"] == id).unwrap();
    assert_eq!(line["trace"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(line["path"], "/v1/users/me/orders");
    assert_eq!((&line["tenant"], &line["route"]), (&"users/u7".into(), &"user".into()));
    assert_eq!((&line["cell"], &line["tries"]), (&"cell-1".into(), &1.into()));
    assert_eq!((&line["status"], &line["code"]), (&200.into(), &Value::Null));
    assert_eq!(line["bytes_out"], answer.body.len());
    assert_eq!(line["client"], "127.0.0.1");
    let id = forged.headers["x-request-id"].to_str().unwrap();
    let line = written.iter().find(|line| line["request"] == id).unwrap();
    assert_eq!((&line["status"], &line["code"]), (&401.into(), &"unauthenticated".into()));
    assert_eq!(line["cell"], Value::Null);
    let text = std::fs::read_to_string(directory.path().join("access.log")).unwrap();
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    for hidden in ["secret", &authorization[7..], secret] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}

#[tokio::test]
async fn errors_are_logged_when_no_success_is() {
    let fleet = Fleet::start(1).await;
    let directory = tempfile::tempdir().unwrap();
    keep(directory.path(), &table(1, &fleet.cells, &[]));
    let router = Router::start(logging(directory.path(), 0.0)).await.unwrap();
    let client = Client::of(router.addresses().http);
    client.get("/v1/users/u1").await;
    client.get("/v1/users/%75u").await;
    router.stop().await;
    let written = lines(&directory.path().join("access.log"));
    let codes: Vec<_> = written.iter().map(|line| line["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["malformed_request"]);
}

#[tokio::test]
async fn a_hang_up_opens_the_log_anew_and_reads_the_filter_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let file = path("router.toml");
    let access = path("access.log");
    let filter = |filter: &str| {
        let text = format!(
            "listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\ndata_dir = {:?}\naddresses_file = {:?}\n\
             [access_log]\nto = {access:?}\n[telemetry]\nfilter = \"{filter}\"\n",
            path("data"),
            path("addresses.json"),
        );
        std::fs::write(&file, text).unwrap();
    };
    filter("info");
    let mut router = souk_router(&["--config", file.to_str().unwrap()]).spawn().unwrap();
    let mut said = until_it_serves(&mut router).await;
    let told = std::fs::read(path("addresses.json")).unwrap();
    let told: router_server::Addresses = serde_json::from_slice(&told).unwrap();
    let (client, admin) = (Client::of(told.http), Client::of(told.admin));
    assert_eq!(client.get("/v1/users/u1").await.problem(), "unavailable");
    std::fs::rename(&access, path("access.old")).unwrap();
    filter("router_server=debug,info");
    let pid = Pid::from_raw(router.id().unwrap().try_into().unwrap());
    kill(pid, Signal::SIGHUP).unwrap();
    while !said.next_line().await.unwrap().unwrap().contains("opened anew") {}
    let in_force = admin.get("/log").await;
    assert_eq!(&*in_force.body, b"router_server=debug,info\n");
    assert_eq!(client.get("/v1/users/u2").await.problem(), "unavailable");
    kill(pid, Signal::SIGTERM).unwrap();
    assert!(router.wait().await.unwrap().success());
    assert_eq!(lines(&path("access.old")).len(), 1, "before the hang-up");
    assert_eq!(lines(&access).len(), 1, "after it");
}

#[tokio::test]
async fn no_metric_names_a_tenant_and_the_table_says_what_is_held() {
    let fleet = Fleet::start(2).await;
    for path in ["/v1/users/visible-user", "/v1/vendors/visible-vendor", "/v1/names/visible-name"] {
        fleet.client.get(path).await;
    }
    let admin = Client::of(fleet.router.addresses().admin);
    let metrics = admin.get("/metrics").await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(!metrics.contains("visible"), "{metrics}");
    assert!(metrics.contains("souk_router_requests_total{route=\"vendor\",status=\"2xx\"} 1"));
    let table = admin.get("/table").await.json();
    let held = fleet.router.table();
    assert_eq!(table["epoch"], held.epoch().0);
    assert_eq!(table["digest"], format!("{:016x}", held.digest()));
    assert_eq!(table["cells"], serde_json::json!(["cell-1", "cell-2"]));
    assert_eq!(table["age_ms"], Value::Null, "it was on disk");
}
