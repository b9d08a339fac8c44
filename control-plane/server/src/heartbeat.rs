//! Reads a heartbeat: what a pod says about itself, checked before anything is kept.

use base_ids::PodName;
use cp_model::{KeyRecord, PodRecord};
use router_table::{Pod, SigningKey};
use souk_proto_fleet::v1::{self, HeartbeatRequest};
use tonic::Status;

use crate::beats::PodKey;

/// Longest boot id and version, in bytes.
const TEXT_LEN_MAX: usize = 100;
/// Longest id of a key: it names cell, pod and time.
const KID_LEN_MAX: usize = 128;
/// Most signing keys of one pod.
const KEYS_MAX: usize = 16;
/// Largest weight.
const WEIGHT_MAX: u32 = 1_000_000;

/// Which pod beats.
pub(crate) fn who(request: &HeartbeatRequest) -> Result<PodKey, Status> {
    PodKey::read(&request.cell, &request.pod)
}

/// What the heartbeat asks to keep about its pod.
pub(crate) fn record(name: PodName, request: &HeartbeatRequest) -> Result<PodRecord, Status> {
    let refuse = |text: String| Err(Status::invalid_argument(text));
    let bad =
        |error: souk_proto_fleet::BadTable| Status::invalid_argument(base_fault::chain(&error));
    let pod = Pod::try_from(v1::Pod {
        name: name.to_string(),
        edge_address: request.edge_address.clone(),
        mesh_address: request.mesh_address.clone(),
        admin_address: request.admin_address.clone(),
    });
    let pod = pod.map_err(bad)?;
    for (field, text) in [("boot", &request.boot), ("version", &request.version)] {
        if text.is_empty() || text.len() > TEXT_LEN_MAX {
            return refuse(format!(
                "{field} has {} bytes: expected 1 to {TEXT_LEN_MAX}",
                text.len()
            ));
        }
    }
    for (field, address) in [("edge", pod.edge), ("mesh", pod.mesh), ("admin", pod.admin)] {
        if address.port() == 0 || address.ip().is_unspecified() {
            return refuse(format!("{field}_address is {address}, where nobody can reach the pod"));
        }
    }
    if request.signing_keys.len() > KEYS_MAX {
        return refuse(format!("{} signing keys: at most {KEYS_MAX}", request.signing_keys.len()));
    }
    if let Some(key) =
        request.signing_keys.iter().find(|key| !(1..=KID_LEN_MAX).contains(&key.kid.len()))
    {
        return refuse(format!(
            "a signing key's kid has {} bytes: expected 1 to {KID_LEN_MAX}",
            key.kid.len()
        ));
    }
    if request.weight > WEIGHT_MAX {
        return refuse(format!("weight is {}: at most {WEIGHT_MAX}, 100 is usual", request.weight));
    }
    let key = |key: &v1::SigningKey| {
        let SigningKey { kid, public_key, accepted_until } = key.clone().try_into()?;
        Ok(KeyRecord { kid, public_key, accepted_until })
    };
    let signing_keys = request.signing_keys.iter().map(key).collect::<Result<_, _>>();
    Ok(PodRecord {
        name,
        edge: pod.edge,
        mesh: pod.mesh,
        admin: pod.admin,
        weight: request.weight,
        signing_keys: signing_keys.map_err(bad)?,
        version: request.version.clone(),
    })
}

#[cfg(test)]
mod tests {
    use cp_model::PodRecord;
    use souk_proto_fleet::v1::{HeartbeatRequest, SigningKey};
    use tonic::Status;

    use super::{record, who};

    fn read(request: &HeartbeatRequest) -> Result<PodRecord, Status> {
        record(who(request)?.pod, request)
    }

    fn request() -> HeartbeatRequest {
        HeartbeatRequest {
            cell: "cell-1".into(),
            boot: "b1".into(),
            edge_address: "127.0.0.1:7000".into(),
            mesh_address: "127.0.0.1:7001".into(),
            admin_address: "127.0.0.1:7002".into(),
            weight: 100,
            signing_keys: vec![SigningKey {
                kid: "k1".into(),
                public_key: vec![1; 32].into(),
                accepted_until_ms: 5,
            }],
            version: "0.1.0".into(),
            commit: 3,
            pod: "a".into(),
            leaves: false,
        }
    }

    #[test]
    fn what_would_make_a_cell_unreachable_is_refused_with_the_reason() {
        assert_eq!(read(&request()).unwrap().name.as_str(), "a");
        let of_old = HeartbeatRequest { pod: String::new(), ..request() };
        assert_eq!(read(&of_old).unwrap().name.as_str(), "0");
        let refused = |spoil: fn(&mut HeartbeatRequest), expected: &str| {
            let mut request = request();
            spoil(&mut request);
            let status = read(&request).unwrap_err();
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
            assert!(status.message().contains(expected), "{}", status.message());
        };
        refused(|r| r.cell = "Cell 1".into(), "is not a cell's name");
        refused(|r| r.pod = "Pod".into(), "is not a pod's name");
        refused(|r| r.boot.clear(), "boot has 0 bytes");
        refused(|r| r.edge_address = "cell-1:7000".into(), "expected ip:port");
        refused(|r| r.mesh_address = "0.0.0.0:7001".into(), "nobody can reach");
        refused(|r| r.admin_address = "127.0.0.1:0".into(), "nobody can reach");
        refused(
            |r| r.signing_keys[0].public_key = vec![1].into(),
            "Ed25519 public key of 32 bytes",
        );
        refused(|r| r.signing_keys[0].kid.clear(), "kid has 0 bytes");
        refused(|r| r.signing_keys = vec![r.signing_keys[0].clone(); 17], "at most 16");
        refused(|r| r.weight = u32::MAX, "100 is usual");
    }
}
