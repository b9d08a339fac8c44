//! `doctor`: what the control plane, each cell and each router say about themselves.

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use souk_proto_fleet::v1::{CheckCellRequest, DoctorRequest, Finding, ListRoutersRequest};

use crate::{
    out::{View, columns},
    reach::Reach,
    trouble::Trouble,
    zone::Zone,
};

/// Everything that was looked at.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Diagnosis {
    checks: Vec<Check>,
}

#[derive(Debug, Serialize)]
struct Check {
    #[serde(rename = "check")]
    name: String,
    ok: bool,
    found: String,
}

/// The answer of a `/readyz`.
#[derive(Deserialize)]
struct Ready {
    checks: Vec<ReadyCheck>,
}

#[derive(Deserialize)]
struct ReadyCheck {
    name: String,
    ready: bool,
    reason: Option<String>,
}

impl Diagnosis {
    /// Takes over findings; `whose` is put before the name of each check that does not begin with it.
    pub(crate) fn add(&mut self, whose: &str, findings: Vec<Finding>) {
        self.checks.extend(findings.into_iter().map(|finding| {
            let named = whose.is_empty() || finding.check.starts_with(whose);
            let name = if named { finding.check } else { format!("{whose} {}", finding.check) };
            Check { name, ok: finding.ok, found: finding.text }
        }));
    }

    pub(crate) fn add_trouble(&mut self, check: String, trouble: &Trouble) {
        let found = format!("{}; start it, or see why it does not answer", trouble.text());
        self.checks.push(Check { name: check, ok: false, found });
    }

    /// Takes over what a router's `/readyz` said.
    pub(crate) fn add_readiness(&mut self, router: &str, body: &[u8]) {
        let Ok(ready) = serde_json::from_slice::<Ready>(body) else {
            let found =
                "its admin port says something that is no readiness; is it a router?".to_owned();
            self.checks.push(Check { name: format!("{router} readiness"), ok: false, found });
            return;
        };
        let checks = ready.checks.into_iter().map(|check| Check {
            name: format!("{router} readiness: {}", check.name),
            ok: check.ready,
            found: check.reason.unwrap_or_else(|| "ready".to_owned()),
        });
        self.checks.extend(checks);
    }
}

impl View for Diagnosis {
    fn text(&self, _: &Zone) -> String {
        let rows = self.checks.iter().map(|check| {
            let mark = if check.ok { "ok" } else { "NOT OK" };
            [mark.to_owned(), check.name.clone(), check.found.clone()]
        });
        let bad = self.checks.iter().filter(|check| !check.ok).count();
        let table = columns(["", "CHECK", "FOUND"], rows, "nothing to look at");
        format!("{table}\n{} checks, {bad} not ok\n", self.checks.len())
    }

    fn exit_code(&self) -> u8 {
        if self.checks.iter().all(|check| check.ok) { 0 } else { Trouble::EXIT_REFUSED }
    }
}

/// Looks at everything. Only the control plane must answer: the rest is what is being looked at.
pub(crate) async fn examine(reach: &Reach) -> Result<Diagnosis, Trouble> {
    let mut diagnosis = Diagnosis::default();
    let own = reach.control_plane(async |operator| operator.doctor(DoctorRequest {}).await).await?;
    diagnosis.add("", own.findings);

    let cells = reach.cells(None).await?;
    let cells: Vec<_> = cells.into_iter().filter_map(|status| status.cell).collect();
    let (names, lines): (Vec<_>, Vec<_>) = cells.iter().flat_map(|cell| reach.pods(cell)).unzip();
    let asked = lines.into_iter().map(|line| async move {
        line?.ask(async |admin| admin.check_cell(CheckCellRequest {}).await).await
    });
    for (pod, answer) in names.iter().zip(join_all(asked).await) {
        match answer {
            Ok(answer) => diagnosis.add(pod, answer.findings),
            Err(trouble) => diagnosis.add_trouble(format!("{pod} operators' port"), &trouble),
        }
    }

    let routers = reach
        .control_plane(async |operator| operator.list_routers(ListRoutersRequest {}).await)
        .await?;
    let routers: Vec<_> = routers.routers.into_iter().filter(|router| router.connected).collect();
    let asked =
        routers.iter().map(|router| reach.get(&router.member, &router.admin_address, "/readyz"));
    for (router, answer) in routers.iter().zip(join_all(asked).await) {
        match answer {
            Ok((_, body)) => diagnosis.add_readiness(&router.member, &body),
            Err(trouble) => {
                diagnosis.add_trouble(format!("{} admin port", router.member), &trouble);
            }
        }
    }
    Ok(diagnosis)
}
