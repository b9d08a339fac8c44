//! The numbers that the control plane shows on its admin port.

use std::{fmt, sync::Weak};

use base_telemetry::Metrics;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::Counter, family::Family, gauge::ConstGauge},
};

use cp_store::Standing;

use crate::{ControlPlane, beats::PodKey, members::Role, works};

/// What is counted as it happens.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) heartbeats: Counter,
    pub(crate) heartbeats_refused: Counter,
    pub(crate) tables_sent: Counter,
    pub(crate) deltas_sent: Counter,
    pub(crate) digests_disagreed: Counter,
    pub(crate) changes: Family<[(&'static str, &'static str); 1], Counter>,
}

impl Counters {
    pub(crate) fn register(&self, metrics: &Metrics) {
        metrics.with(|registry| {
            let mut counter = |name: &str, help: &str, counter: &Counter| {
                registry.register(format!("souk_control_plane_{name}"), help, counter.clone());
            };
            counter("heartbeats", "heartbeats taken", &self.heartbeats);
            counter("heartbeats_refused", "heartbeats refused", &self.heartbeats_refused);
            counter("tables_sent", "whole tables sent to members", &self.tables_sent);
            counter("deltas_sent", "changes of the table sent to members", &self.deltas_sent);
            let help = "reports of a table whose digest is not ours for its epoch";
            counter("digests_disagreed", help, &self.digests_disagreed);
            let help = "changes written, by kind";
            registry.register("souk_control_plane_changes", help, self.changes.clone());
        });
    }

    pub(crate) fn changed(&self, kind: &'static str) {
        self.changes.get_or_create(&[("kind", kind)]).inc();
    }
}

/// What is looked up when somebody asks.
pub(crate) struct PlaneCollector(pub(crate) Weak<ControlPlane>);

impl fmt::Debug for PlaneCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlaneCollector")
    }
}

impl Collector for PlaneCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Some(plane) = self.0.upgrade() else {
            return Ok(());
        };
        let fleet = plane.fleet();
        let (mut pods, mut pods_alive, mut cells_alive, mut undone) = (0, 0, 0, 0);
        for cell in fleet.cells() {
            let key =
                |pod: &cp_model::PodRecord| PodKey { cell: cell.id.clone(), pod: pod.name.clone() };
            let alive = cell.pods.iter().filter(|pod| plane.alive(&key(pod))).count();
            pods += cell.pods.len();
            pods_alive += alive;
            cells_alive += u64::from(alive > 0);
            undone += works::undone(&plane.members(), &cell.id).len();
        }
        let connected =
            |role| plane.members().with_role(role).filter(|(_, member)| member.connected()).count();
        let leads = plane.standing() == Standing::Leads;
        let rows: [(&str, &str, u64); 13] = [
            ("leads", "1 if this control plane leads", leads.into()),
            ("store_away", "1 while the store cannot be asked", plane.trouble().is_some().into()),
            ("epoch", "epoch of the newest table", fleet.epoch().0),
            ("commit", "number of the last change", plane.commit()),
            ("cells", "cells that have registered", fleet.cells().len() as u64),
            ("cells_alive", "cells of which a pod has beaten lately", cells_alive),
            ("pods", "pods that the table lists", pods as u64),
            ("pods_alive", "pods that have beaten lately", pods_alive as u64),
            ("roles_without_a_pod", "roles that no pod has, over all cells", undone as u64),
            ("slots_unheld", "slots that nobody owns", fleet.unheld().count() as u64),
            ("routers_connected", "routers that watch the table", connected(Role::Router) as u64),
            (
                "ended_sessions",
                "ended sessions whose tokens have not run out yet",
                plane.ended().len() as u64,
            ),
            ("cells_connected", "pods of cells that watch the table", connected(Role::Cell) as u64),
        ];
        for (name, help, value) in rows {
            let gauge = ConstGauge::new(value);
            let name = format!("souk_control_plane_{name}");
            gauge.encode(encoder.encode_descriptor(&name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}
