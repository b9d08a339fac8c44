//! A session that was ended: its tokens reach no cell, though they have not run out.

use std::time::Duration;

use base_testkit::eventually;
use router_server::Router;

use crate::{
    cells::StandInCell,
    client::Client,
    control_plane::ControlPlane,
    fleet::{bearer, config, keep, table},
};

/// For the router to hear of it; no measure of how soon it does.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn tokens_of_an_ended_session_reach_no_cell_and_other_users_go_on() {
    let (cells, control_plane) = (vec![StandInCell::start(1).await], ControlPlane::start().await);
    let directory = tempfile::tempdir().unwrap();
    keep(directory.path(), &table(1, &cells, &[]));
    let mut config = config(directory.path());
    config.control_plane = Some(format!("http://{}", control_plane.address));
    let router = Router::start(config).await.unwrap();
    let client = Client::of(router.addresses().http);
    let (u1, u2) = (bearer("users/u1"), bearer("users/u2"));
    let ask =
        async |token: &str| client.get_with("/v1/users/me", &[("authorization", token)]).await;
    assert_eq!(ask(&u1).await.status, 200);
    control_plane.end_session("users/u1", "s1");
    let refused = async || match ask(&u1).await.status.as_u16() {
        401 => Ok(()),
        status => Err(status),
    };
    eventually(PATIENCE, refused).await.unwrap();
    let seen = cells[0].requests();
    for path in ["/v1/users/me", "/v1/users/u1", "/v1/vendors/atlas"] {
        let refused = client.get_with(path, &[("authorization", &u1)]).await;
        assert_eq!((refused.status.as_u16(), refused.problem().as_str()), (401, "unauthenticated"));
        assert!(refused.json()["detail"].as_str().unwrap().contains("sign in again"));
    }
    assert_eq!(cells[0].requests(), seen);
    assert_eq!(ask(&u2).await.status, 200);
    assert!(router.metrics().text().contains("souk_router_sessions_ended_total 1\n"));
}
