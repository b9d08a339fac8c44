//! The claims of one who wants a name: what follows from a wish or an answer, and how it is remembered.

use base_ids::{ResourceId, Tenant};
use base_time::Timestamp;
use serde::{Deserialize, Serialize};

/// The name that somebody has and the one that they ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims<N> {
    /// Their own.
    pub held: Option<Claim<N>>,
    /// Being asked for.
    pub asked: Option<Claim<N>>,
    /// Asked for in vain, last; or lost later.
    pub lost: Option<N>,
}

/// A claim of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim<N> {
    /// Which name is wanted.
    pub wanted: N,
    /// The claim's own id, by which answers speak of it.
    pub claim: ResourceId,
    /// The tenant that decides.
    pub decides: Tenant,
}

/// How far a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The platform is being asked.
    Asked,
    /// The platform keeps the name until it is confirmed.
    Kept,
    /// The name is one's own.
    Held,
    /// The name is somebody else's.
    Lost,
    /// The name is not wanted any more.
    GivenBack,
}

/// A claim has come a step further, or to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved<N> {
    /// Which claim.
    pub claim: Claim<N>,
    /// Where to.
    pub to: Step,
}

impl<N> Default for Claims<N> {
    /// Neither has a name nor wants one.
    fn default() -> Self {
        Self { held: None, asked: None, lost: None }
    }
}

impl<N: Clone + PartialEq> Claims<N> {
    /// What follows when `wanted` is wished for, on which `decides` decides: a wish before it is given back at once, a name that
    /// is held only when the new one is.
    pub fn wish(&self, wanted: &N, decides: &Tenant, now: Timestamp) -> Vec<Moved<N>> {
        let is_it = |claim: &Claim<N>| claim.wanted == *wanted;
        if self.asked.as_ref().is_some_and(is_it) {
            return Vec::new();
        }
        let before = self.asked.iter().map(Claim::give_back);
        let ask = (!self.held.as_ref().is_some_and(is_it)).then(|| ask(wanted, decides, now));
        before.chain(ask).collect()
    }

    /// What follows when the platform says that a claim is kept, held or lost.
    pub fn hear(&self, claim: &ResourceId, to: Step) -> Vec<Moved<N>> {
        let this = |known: &&Claim<N>| known.claim == *claim;
        let asked = self.asked.as_ref().filter(this);
        let concerned = match to {
            Step::Lost => asked.or(self.held.as_ref().filter(this)),
            _ => asked,
        };
        let Some(concerned) = concerned else { return Vec::new() };
        let replaced = self.held.iter().filter(|_| to == Step::Held).map(Claim::give_back);
        replaced.chain([Moved { claim: concerned.clone(), to }]).collect()
    }

    /// Remembers what has happened.
    pub fn evolve(&mut self, Moved { claim, to }: &Moved<N>) {
        for place in [&mut self.asked, &mut self.held] {
            place.take_if(|known| known.claim == claim.claim);
        }
        match to {
            Step::Asked | Step::Kept => (self.asked, self.lost) = (Some(claim.clone()), None),
            Step::Held => self.held = Some(claim.clone()),
            Step::Lost => self.lost = Some(claim.wanted.clone()),
            Step::GivenBack => {}
        }
    }
}

impl<N: Clone> Claim<N> {
    fn give_back(&self) -> Moved<N> {
        Moved { claim: self.clone(), to: Step::GivenBack }
    }
}

/// The claim's id says when it was made, so that the same name can be asked for again, and where.
fn ask<N: Clone>(wanted: &N, decides: &Tenant, now: Timestamp) -> Moved<N> {
    let claim = format!("claim-{:x}-{:.8}", now.as_millis().max(0), decides.id())
        .parse()
        .expect("digits of time and of a name's hash are allowed in an id");
    let claim = Claim { wanted: wanted.clone(), claim, decides: decides.clone() };
    Moved { claim, to: Step::Asked }
}

#[cfg(test)]
mod tests {
    use base_ids::{Handle, Tenant};
    use base_time::Timestamp;

    use super::{Claims, Step};

    fn handle(text: &str) -> Handle {
        text.parse().unwrap()
    }

    fn decides(on: &str) -> Tenant {
        handle(on).to_claim().tenant(b"pepper")
    }

    /// Wishes for a handle at a time; gives the steps.
    fn wish(claims: &mut Claims<Handle>, text: &str, at: i64) -> Vec<Step> {
        let moved = claims.wish(&handle(text), &decides(text), Timestamp::from_millis(at));
        for moved in &moved {
            claims.evolve(moved);
        }
        moved.into_iter().map(|moved| moved.to).collect()
    }

    /// Hears an answer on what is being asked for; gives the steps.
    fn hear(claims: &mut Claims<Handle>, to: Step) -> Vec<Step> {
        let claim = claims.asked.as_ref().unwrap().claim.clone();
        let moved = claims.hear(&claim, to);
        for moved in &moved {
            claims.evolve(moved);
        }
        assert!(claims.hear(&"other".parse().unwrap(), to).is_empty());
        moved.into_iter().map(|moved| moved.to).collect()
    }

    #[test]
    fn a_name_is_asked_for_kept_and_held() {
        let mut claims = Claims::default();
        assert_eq!(wish(&mut claims, "atlas", 1), [Step::Asked]);
        assert_eq!(wish(&mut claims, "atlas", 2), [], "asked already");
        assert_eq!(hear(&mut claims, Step::Kept), [Step::Kept]);
        assert_eq!(hear(&mut claims, Step::Held), [Step::Held]);
        assert_eq!(wish(&mut claims, "atlas", 3), [], "held already");
        assert_eq!((claims.held.unwrap().wanted, claims.asked), (handle("atlas"), None));
    }

    #[test]
    fn the_old_name_stays_until_the_new_one_is_held() {
        let mut claims = Claims::default();
        wish(&mut claims, "atlas", 1);
        hear(&mut claims, Step::Held);
        assert_eq!(wish(&mut claims, "rif", 2), [Step::Asked]);
        assert_eq!(claims.held.as_ref().unwrap().wanted, handle("atlas"));
        assert_eq!(hear(&mut claims, Step::Held), [Step::GivenBack, Step::Held]);
        assert_eq!(claims.held.unwrap().wanted, handle("rif"));
    }

    #[test]
    fn another_wish_gives_the_one_before_back() {
        let mut claims = Claims::default();
        wish(&mut claims, "atlas", 1);
        assert_eq!(wish(&mut claims, "rif", 2), [Step::GivenBack, Step::Asked]);
        assert_eq!(hear(&mut claims, Step::Lost), [Step::Lost]);
        assert_eq!((claims.lost.as_ref(), &claims.asked), (Some(&handle("rif")), &None));
        assert_eq!(wish(&mut claims, "rif", 3), [Step::Asked], "it may be free by now");
        assert_eq!(claims.lost, None);
    }
}
