//! `routers list`.

use serde::Serialize;
use souk_proto_fleet::v1::{ListRoutersRequest, ListRoutersResponse, RouterStatus};

use crate::{
    out::{View, columns, yes_no},
    reach::Reach,
    trouble::Trouble,
    zone::{At, Zone},
};

/// All routers, and the newest epoch.
#[derive(Debug, Serialize)]
pub(crate) struct Routers {
    epoch: u64,
    routers: Vec<Router>,
}

#[derive(Debug, Serialize)]
struct Router {
    #[serde(rename = "router")]
    name: String,
    connected: bool,
    epoch: u64,
    digest_agrees: bool,
    last_ack: At,
    admin: String,
}

impl From<ListRoutersResponse> for Routers {
    fn from(answer: ListRoutersResponse) -> Self {
        let router = |router: RouterStatus| Router {
            name: router.member,
            connected: router.connected,
            epoch: router.epoch,
            digest_agrees: router.digest_agrees,
            last_ack: At::millis(router.last_ack_ms),
            admin: router.admin_address,
        };
        Self { epoch: answer.epoch, routers: answer.routers.into_iter().map(router).collect() }
    }
}

impl View for Routers {
    fn text(&self, zone: &Zone) -> String {
        let rows = self.routers.iter().map(|router| {
            [
                router.name.clone(),
                yes_no(router.connected),
                router.epoch.to_string(),
                yes_no(router.digest_agrees),
                zone.show(router.last_ack),
                router.admin.clone(),
            ]
        });
        let header = ["ROUTER", "CONNECTED", "EPOCH", "DIGEST AGREES", "LAST ACK", "ADMIN"];
        let table = columns(
            header,
            rows,
            "no router has watched the table since the control plane started",
        );
        format!("{table}\nnewest epoch {}\n", self.epoch)
    }
}

pub(crate) async fn list(reach: &Reach) -> Result<Routers, Trouble> {
    let asked =
        reach.control_plane(async |operator| operator.list_routers(ListRoutersRequest {}).await);
    Ok(asked.await?.into())
}
