//! Reads a heartbeat: what a cell says about itself, checked before anything is kept.

use base_time::Timestamp;
use cp_model::{CellRecord, KeyRecord};
use router_table::Cell;
use souk_proto_fleet::v1::{self, HeartbeatRequest};
use tonic::Status;

/// Longest boot id and version, in bytes.
const TEXT_LEN_MAX: usize = 100;
/// Most signing keys of one cell.
const KEYS_MAX: usize = 16;
/// Largest weight.
const WEIGHT_MAX: u32 = 1_000_000;

/// The record that the heartbeat asks to keep; `now` becomes its first registration if it is new.
pub(crate) fn record(request: &HeartbeatRequest, now: Timestamp) -> Result<CellRecord, Status> {
    let refuse = |text: String| Err(Status::invalid_argument(text));
    let wire = v1::Cell {
        id: request.cell.clone(),
        edge_address: request.edge_address.clone(),
        mesh_address: request.mesh_address.clone(),
        admin_address: request.admin_address.clone(),
        signing_keys: request.signing_keys.clone(),
    };
    let cell = Cell::try_from(wire)
        .map_err(|error| Status::invalid_argument(base_fault::chain(&error)))?;
    for (field, text) in [("boot", &request.boot), ("version", &request.version)] {
        if text.is_empty() || text.len() > TEXT_LEN_MAX {
            return refuse(format!(
                "{field} has {} bytes: expected 1 to {TEXT_LEN_MAX}",
                text.len()
            ));
        }
    }
    for (field, address) in [("edge", cell.edge), ("mesh", cell.mesh), ("admin", cell.admin)] {
        if address.port() == 0 || address.ip().is_unspecified() {
            return refuse(format!(
                "{field}_address is {address}, where nobody can reach the cell"
            ));
        }
    }
    if cell.signing_keys.len() > KEYS_MAX {
        return refuse(format!("{} signing keys: at most {KEYS_MAX}", cell.signing_keys.len()));
    }
    if let Some(key) =
        cell.signing_keys.iter().find(|key| !(1..=TEXT_LEN_MAX).contains(&key.kid.len()))
    {
        return refuse(format!(
            "a signing key's kid has {} bytes: expected 1 to {TEXT_LEN_MAX}",
            key.kid.len()
        ));
    }
    if request.weight > WEIGHT_MAX {
        return refuse(format!("weight is {}: at most {WEIGHT_MAX}, 100 is usual", request.weight));
    }
    let keys = cell.signing_keys.into_iter().map(|key| KeyRecord {
        kid: key.kid,
        public_key: key.public_key,
        accepted_until: key.accepted_until,
    });
    Ok(CellRecord {
        id: cell.id,
        edge: cell.edge,
        mesh: cell.mesh,
        admin: cell.admin,
        weight: request.weight,
        signing_keys: keys.collect(),
        version: request.version.clone(),
        registered: now,
    })
}

#[cfg(test)]
mod tests {
    use base_time::Timestamp;
    use souk_proto_fleet::v1::{HeartbeatRequest, SigningKey};

    use super::record;

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
        }
    }

    #[test]
    fn what_would_make_a_cell_unreachable_is_refused_with_the_reason() {
        assert!(record(&request(), Timestamp::from_millis(1)).is_ok());
        let refused = |spoil: fn(&mut HeartbeatRequest), expected: &str| {
            let mut request = request();
            spoil(&mut request);
            let status = record(&request, Timestamp::from_millis(1)).unwrap_err();
            assert_eq!(status.code(), tonic::Code::InvalidArgument);
            assert!(status.message().contains(expected), "{}", status.message());
        };
        refused(|r| r.cell = "Cell 1".into(), "is not a cell's name");
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
