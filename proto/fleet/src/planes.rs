//! The control planes of a fleet, of which one is spoken to: the one that leads, as far as it can be found out.

use base_identity::{Expected, Passport, Role};
use tokio::sync::watch;
use tonic::{
    Code, Status,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

use crate::channel;

/// Under this key a control plane that does not lead says where the one is that does.
const LEADER: &str = "souk-leader";

/// Says no, because another control plane leads; names it, as `host:port`.
pub fn not_leading(leader: &str, text: impl Into<String>) -> Status {
    let mut status = Status::unavailable(text);
    if let Ok(value) = MetadataValue::try_from(leader) {
        status.metadata_mut().insert(LEADER, value);
    }
    status
}

/// Where the control plane is that leads, if that is why one says no.
pub fn leader_of(status: &Status) -> Option<&str> {
    status.metadata().get(LEADER)?.to_str().ok()
}

/// The control planes that a process was told of. Clones share which of them is spoken to.
#[derive(Clone, Debug)]
pub struct Planes {
    planes: Vec<(String, Channel)>,
    current: watch::Sender<usize>,
}

/// One of them, as it was chosen.
#[derive(Clone, Debug)]
pub struct Plane {
    /// The line to it.
    pub channel: Channel,
    /// Its address, as `host:port`.
    pub address: String,
    chosen: usize,
}

impl Planes {
    /// Those at these places, each `host:port`; `shape` says how lines to them are. Connects when they are first used.
    ///
    /// Errors: there is none, or a place is none; in words.
    pub fn new(
        places: &[String],
        passport: Option<&Passport>,
        shape: impl Fn(Endpoint) -> Endpoint,
    ) -> Result<Self, String> {
        let line = |place: &String| {
            let endpoint = Endpoint::from_shared(format!("http://{place}"))
                .map_err(|error| format!("`{place}` is not an address: {error}"))?;
            let expected = Expected::any(Role::ControlPlane);
            Ok((place.clone(), channel(&shape(endpoint), passport, expected)))
        };
        let planes: Vec<_> = places.iter().map(line).collect::<Result<_, String>>()?;
        if planes.is_empty() {
            return Err("no control plane is named".to_owned());
        }
        Ok(Self { planes, current: watch::Sender::new(0) })
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.planes.len()
    }

    /// The one that is spoken to at present.
    pub fn current(&self) -> Plane {
        let chosen = *self.current.borrow();
        let (address, channel) = self.planes[chosen].clone();
        Plane { channel, address, chosen }
    }

    /// Takes note that one said no or did not answer. If it named the leader, that one is spoken to from now on; if it cannot be
    /// spoken to, the next one is. Nothing if another one is spoken to by now.
    pub fn failed(&self, plane: &Plane, status: &Status) {
        let known = |leader: &str| self.planes.iter().position(|(address, _)| address == leader);
        let next = match leader_of(status) {
            Some(leader) => known(leader),
            None if !gone(status) => return,
            None => None,
        };
        let next = next.unwrap_or((plane.chosen + 1) % self.planes.len());
        self.current.send_if_modified(|current| {
            let moves = *current == plane.chosen && next != plane.chosen;
            if moves {
                *current = next;
            }
            moves
        });
    }

    /// Waits until another one than this is spoken to.
    pub async fn left(&self, plane: &Plane) {
        let mut current = self.current.subscribe();
        // The sender is in `self`.
        let _ = current.wait_for(|current| *current != plane.chosen).await;
    }
}

/// Whether a status says that nobody answered, rather than what somebody did.
fn gone(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown
    )
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::{Planes, leader_of, not_leading};

    fn planes() -> Planes {
        let places = ["10.0.0.1:7400", "10.0.0.2:7400", "10.0.0.3:7400"].map(str::to_owned);
        Planes::new(&places, None, |endpoint| endpoint).unwrap()
    }

    #[tokio::test]
    async fn who_leads_is_spoken_to_and_who_is_gone_is_left() {
        let planes = planes();
        let first = planes.current();
        assert_eq!(first.address, "10.0.0.1:7400");
        planes.failed(&first, &Status::permission_denied("no"));
        assert_eq!(planes.current().address, first.address, "it answers");
        let elsewhere = not_leading("10.0.0.3:7400", "another one leads");
        assert_eq!(leader_of(&elsewhere), Some("10.0.0.3:7400"));
        planes.failed(&first, &elsewhere);
        planes.left(&first).await;
        let leader = planes.current();
        assert_eq!(leader.address, "10.0.0.3:7400");
        planes.failed(&first, &Status::unavailable("gone"));
        assert_eq!(planes.current().address, leader.address, "what was said of another one is old");
        planes.failed(&leader, &Status::unavailable("gone"));
        assert_eq!(planes.current().address, "10.0.0.1:7400");
        let unknown = not_leading("10.9.9.9:7400", "another one leads");
        planes.failed(&planes.current(), &unknown);
        assert_eq!(
            planes.current().address,
            "10.0.0.2:7400",
            "nobody is dialled who was not named here"
        );
    }

    #[tokio::test]
    async fn one_alone_is_spoken_to_whatever_it_says() {
        let planes = Planes::new(&["10.0.0.1:7400".to_owned()], None, |it| it).unwrap();
        planes.failed(&planes.current(), &Status::unavailable("gone"));
        assert_eq!(planes.current().address, "10.0.0.1:7400");
        assert!(Planes::new(&[], None, |it| it).is_err());
    }
}
