//! What is wrong with the fleet as the control plane sees it, and what helps.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use base_identity::Passport;
use base_ids::Epoch;
use base_time::Timestamp;
use cp_model::{CellRecord, Fleet, Hold, Place, PodRecord};
use cp_store::Standing;
use souk_proto_fleet::v1::Finding;

use crate::{
    ControlPlane,
    beats::{PodKey, State},
    members::{Member, Role},
    works,
};

/// A hold that lasts no longer is nothing to look into.
const HOLD_BRIEF: Duration = Duration::from_secs(30);

/// Looks at everything; one finding for each thing looked at.
pub(crate) fn findings(plane: &ControlPlane) -> Vec<Finding> {
    let fleet = plane.fleet();
    let mut findings = vec![store(plane), slots(&fleet, plane.config().settle_at)];
    if plane.standings().is_some() {
        findings.push(lead(&plane.standing()));
    }
    for cell in fleet.cells() {
        for pod in &cell.pods {
            let key = PodKey { cell: cell.id.clone(), pod: pod.name.clone() };
            let name = called(cell, pod);
            findings.push(heartbeat(plane, &key, &name, pod));
            let member = plane.members().get(Role::Cell, &key.to_string()).cloned();
            findings.push(table(&name, member.as_ref(), fleet.epoch()));
            findings.push(signing_keys(&name, pod, plane));
        }
        findings.extend(lost(plane, cell));
        let members = plane.members();
        findings.extend(works::unlisted(&members, cell).map(|(pod, member)| {
            table(&format!("{}/{pod}", cell.id), Some(member), fleet.epoch())
        }));
        findings.extend(works::finding(&members, &cell.id));
    }
    findings.push(addresses(&fleet));
    findings.extend(holds(&fleet, plane.now()));
    findings.extend(routers(plane, fleet.epoch()));
    findings
}

fn finding(check: impl Into<String>, ok: bool, text: impl Into<String>) -> Finding {
    Finding { check: check.into(), ok, text: text.into() }
}

/// How the control plane proves who it is, and for how long yet.
pub(crate) fn identity(passport: Option<&Passport>) -> Finding {
    let (ok, text) = Passport::finding(passport);
    finding("control plane identity", ok, text)
}

fn store(plane: &ControlPlane) -> Finding {
    let broken = plane.broken().is_cancelled();
    if let Some(trouble) = plane.trouble() {
        let text = format!("nothing can be changed at present, reads go on: {trouble}");
        return finding("control plane store", false, text);
    }
    let text = if broken {
        "a write failed; see the log, make space or mend the disk, and restart the control plane"
            .to_owned()
    } else {
        format!("commit {}, epoch {}", plane.commit(), plane.fleet().epoch())
    };
    finding("control plane store", !broken, text)
}

fn lead(standing: &Standing) -> Finding {
    let text = match standing {
        Standing::Leads | Standing::Follows(_) => standing.to_string(),
        Standing::Leaderless => {
            "nobody leads, so nothing can be changed; another one takes over within seconds if the store can be reached".to_owned()
        }
    };
    finding("control plane leader", *standing != Standing::Leaderless, text)
}

fn slots(fleet: &Fleet, settle_at: u32) -> Finding {
    let (unheld, cells) = (fleet.unheld().count(), fleet.cells().len());
    let text = if unheld == 0 {
        "every slot has an owner".to_owned()
    } else if cells < settle_at as usize {
        format!(
            "{unheld} slots have no owner: {cells} of {settle_at} cells have registered; start the others, or lower settle_at"
        )
    } else {
        format!(
            "{unheld} slots have no owner though {cells} cells have registered; give one of them a weight above 0"
        )
    };
    finding("slots", unheld == 0, text)
}

/// What a pod is called: as its cell, unless that has others.
fn called(cell: &CellRecord, pod: &PodRecord) -> String {
    if cell.pods.len() == 1 { cell.id.to_string() } else { format!("{}/{}", cell.id, pod.name) }
}

fn heartbeat(plane: &ControlPlane, key: &PodKey, name: &str, pod: &PodRecord) -> Finding {
    let alive = plane.alive(key);
    let last = plane.beats().of(key).map(|beat| (plane.now().since(beat.at).as_secs(), beat.state));
    let text = match last {
        Some((seconds, _)) if alive => format!("last beat {seconds} s ago, version {}", pod.version),
        Some((seconds, State::Stopped)) => format!(
            "stopped {seconds} s ago; its tenants stay its own, so start it again when they shall be served"
        ),
        Some((seconds, _)) => format!(
            "silent for {seconds} s; its tenants stay its own, so start it again, or see why it cannot reach the control plane"
        ),
        None => "not heard of since the control plane started; start it, or see why it cannot reach the control plane".to_owned(),
    };
    finding(format!("{name} heartbeat"), alive, text)
}

/// Pods that fell silent lately, while others of their cell went on.
fn lost(plane: &ControlPlane, cell: &CellRecord) -> Vec<Finding> {
    let (beats, now) = (plane.beats(), plane.now());
    let finding_of = |(key, beat): (&PodKey, &crate::beats::Beat)| {
        let seconds = now.since(beat.at).as_secs();
        let text = format!(
            "dead: silent for {seconds} s, and out of the table; other pods serve its tenants, so start it again, or see why it cannot reach the control plane"
        );
        finding(format!("{key} heartbeat"), false, text)
    };
    beats.lost_of(&cell.id, now).map(finding_of).collect()
}

fn table(name: &str, member: Option<&Member>, newest: Epoch) -> Finding {
    let (ok, text) = match member.filter(|member| member.connected()) {
        None => (
            false,
            "does not watch the table; it goes on with the one that it has, so see its log for why"
                .to_owned(),
        ),
        Some(member) if !member.digest_agrees => (
            false,
            format!(
                "holds another table of epoch {} than the control plane; it was sent anew, look again",
                member.epoch
            ),
        ),
        Some(member) if member.epoch < newest => (
            false,
            format!(
                "holds epoch {}, the newest is {newest}; look again, then see its log for why it does not apply it",
                member.epoch
            ),
        ),
        Some(member) => (true, format!("holds epoch {}, digest agrees", member.epoch)),
    };
    finding(format!("{name} table"), ok, text)
}

fn signing_keys(name: &str, pod: &PodRecord, plane: &ControlPlane) -> Finding {
    let now = plane.now();
    let accepted = pod.signing_keys.iter().filter(|key| key.accepted_until > now).count();
    let text = match accepted {
        0 => "none is accepted any more, so nobody can verify its tokens; restart it, which makes a new one".to_owned(),
        count => format!("{count} accepted"),
    };
    finding(format!("{name} signing keys"), accepted > 0, text)
}

/// Two pods at one address: one of them was copied from the other, or has not registered its new address yet.
fn addresses(fleet: &Fleet) -> Finding {
    let mut seen: BTreeMap<SocketAddr, String> = BTreeMap::new();
    for (cell, pod) in fleet.cells().flat_map(|cell| cell.pods.iter().map(move |pod| (cell, pod))) {
        for address in [pod.edge, pod.mesh, pod.admin] {
            let name = called(cell, pod);
            if let Some(other) = seen.insert(address, name.clone()) {
                let text =
                    format!("{other} and {name} both say {address}; give one of them other ports");
                return finding("addresses", false, text);
            }
        }
    }
    finding("addresses", true, "each pod has its own")
}

/// Routers keep requests for some seconds; a hold that lasts longer turns writes away.
fn holds(fleet: &Fleet, now: Timestamp) -> Vec<Finding> {
    let held = fleet.held().filter_map(|(place, row)| Some((place, row.held.clone()?)));
    let finding_of = |(place, hold): (Place, Hold)| {
        let seconds = now.since(hold.since).as_secs();
        let Hold { by, why, .. } = hold;
        let text = format!("held for {seconds} s by {by}: {why}");
        let ok = seconds <= HOLD_BRIEF.as_secs();
        let text = if ok {
            text
        } else {
            format!("{text}; its writes are turned away meanwhile, so release it when that is done")
        };
        finding(format!("{place} hold"), ok, text)
    };
    held.map(finding_of).collect()
}

fn routers(plane: &ControlPlane, newest: Epoch) -> Vec<Finding> {
    let members = plane.members();
    let mut findings: Vec<_> = members
        .with_role(Role::Router)
        .map(|(name, member)| table(name, Some(member), newest))
        .collect();
    if findings.is_empty() {
        findings.push(finding(
            "routers",
            false,
            "none watches the table; start one, or see why it cannot reach the control plane",
        ));
    }
    findings
}
