//! A town in one process: calls go from home to home and letters arrive, with toys for what the cell would wire.
#![expect(clippy::unwrap_in_result, reason = "a test breaks off at what cannot be")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use base_ids::{Tenant, Version};
use base_proof::{Password, PasswordHash, PlatformSecret, Secret};
use base_time::Timestamp;
use base_token::{AccessClaims, TokenAudience};
use cell_kernel::{
    Answer, Asked, Caller, Decider as _, Done, Effect as _, Gather as _, MethodKind, No, Onward,
    Request, Seen, Table, VendorRole, View as _, Words,
    story::{RowsInMemory, at_once, now},
};

use crate::{
    Auth, Command, Event, Ports, State, api,
    effect::{Calls, Delivery, EndedSession, Mail, Post, TokenReaders},
    facts::{Asking, MembershipOf, OwnerOf, Passwords, TokenSigner},
    view,
};

#[derive(Default)]
pub(super) struct ToyPasswords {
    /// How often the slow work was done.
    pub(super) worked: AtomicUsize,
}

impl Passwords for ToyPasswords {
    fn hash<'a>(&'a self, password: &'a Password) -> Answer<'a, PasswordHash> {
        self.worked.fetch_add(1, Ordering::Relaxed);
        at_once(PasswordHash::new(password.secret().expose().chars().rev().collect()))
    }

    fn is_right<'a>(
        &'a self,
        password: &'a Secret,
        hash: Option<&'a PasswordHash>,
    ) -> Answer<'a, bool> {
        self.worked.fetch_add(1, Ordering::Relaxed);
        let reversed: String = password.expose().chars().rev().collect();
        at_once(hash.is_some_and(|hash| hash.as_str() == reversed))
    }
}

struct ToySigner;

impl TokenSigner for ToySigner {
    fn sign(&self, claims: &AccessClaims) -> String {
        let audience = match &claims.audience {
            TokenAudience::Shopper => "shopper".to_owned(),
            TokenAudience::Vendor { vendor, role } => format!("{vendor} {role:?}"),
            TokenAudience::Operator => "operator".to_owned(),
        };
        format!("{} as {audience}", claims.subject)
    }
}

/// Names that are held, fixed once the town is built.
pub(super) struct Holders(pub(super) BTreeMap<Tenant, Tenant>);

impl OwnerOf for Holders {
    fn owner_of<'a>(&'a self, name: &'a Tenant) -> Answer<'a, Option<Tenant>> {
        at_once(self.0.get(name).cloned())
    }
}

struct Team;

impl MembershipOf for Team {
    fn role_of<'a>(
        &'a self,
        vendor: &'a Tenant,
        user: &'a Tenant,
    ) -> Answer<'a, Option<VendorRole>> {
        let member = vendor.id() == "atlas" && user.id() == "leila";
        at_once(member.then_some(VendorRole::Manager))
    }
}

struct Postman(mpsc::Sender<Mail>);

impl Post for Postman {
    fn send<'a>(&'a self, mail: &'a Mail, _: &'a str) -> Answer<'a, Delivery> {
        self.0.send(mail.clone()).unwrap();
        at_once(Delivery::Accepted)
    }
}

struct Doors(mpsc::Sender<EndedSession>);

impl TokenReaders for Doors {
    fn end_session<'a>(&'a self, ended: &'a EndedSession) -> Answer<'a, ()> {
        self.0.send(ended.clone()).unwrap();
        at_once(())
    }
}

pub(super) struct Town {
    pub(super) passwords: Arc<ToyPasswords>,
    pub(super) at: i64,
    ports: Ports,
    homes: BTreeMap<Tenant, State>,
    operators: RowsInMemory,
    post: mpsc::Receiver<Mail>,
    doors: mpsc::Receiver<EndedSession>,
    minted: Arc<AtomicUsize>,
}

impl Town {
    /// A town in which `leila@example.ma` is held by users/leila.
    pub(super) fn new() -> Self {
        let (sender, post) = mpsc::channel();
        let (to_doors, doors) = mpsc::channel();
        let passwords = Arc::new(ToyPasswords::default());
        let secret = Arc::new(PlatformSecret::new(&[7; 32]).unwrap());
        let email: base_ids::Email = "leila@example.ma".parse().unwrap();
        let held = (secret.tenant_of(&email.to_claim()), "users/leila".parse().unwrap());
        let ports = Ports {
            secret,
            passwords: passwords.clone(),
            signer: Arc::new(ToySigner),
            owners: Arc::new(Holders(BTreeMap::from([held]))),
            members: Arc::new(Team),
            post: Arc::new(Postman(sender)),
            readers: Arc::new(Doors(to_doors)),
        };
        let (homes, operators) = (BTreeMap::new(), RowsInMemory::default());
        Self { passwords, at: 0, ports, homes, operators, post, doors, minted: Arc::default() }
    }

    /// Calls a method as a caller would; forwarded calls go on until somebody answers.
    #[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
    pub(super) fn call<Req: Words, Resp: Words>(
        &mut self,
        tenant: &str,
        method: &str,
        asked: &Req,
        caller: Caller,
    ) -> Result<Resp, No> {
        let tenant: Tenant = tenant.parse().unwrap();
        let method = format!("souk.auth.v1.Auth/{method}");
        let mut onward = Onward { tenant, method, request: asked.encode_to_vec() };
        loop {
            let found = api::api(self.ports.clone())
                .into_methods()
                .into_iter()
                .find(|known| known.name == onward.method);
            let request = self.request(&onward.tenant, &caller);
            let answer = match found.unwrap().kind {
                MethodKind::Command { decode, encode } => {
                    let command = decode(&request, &onward.request).map_err(No::Fault)?;
                    self.carry_out(&onward.tenant, &command, &caller, |done| encode(done))
                }
                MethodKind::Query { answer } => {
                    now(answer(request, onward.request)).map(|found| found.row)
                }
                MethodKind::Forward { onward: further } => {
                    onward = now(further(request, onward.request))?;
                    continue;
                }
                MethodKind::Watch { .. } => unreachable!("auth has nothing to watch"),
            };
            return answer.map(|body| Resp::decode(&*body).unwrap());
        }
    }

    /// Carries out a command that comes from a message.
    pub(super) fn hear(&mut self, tenant: &str, command: &Command) {
        let tenant: Tenant = tenant.parse().unwrap();
        self.carry_out(&tenant, command, &Caller::platform("names"), |_| Vec::new()).unwrap();
    }

    /// The account that lives at `tenant`.
    pub(super) fn account(&self, tenant: &str) -> &crate::state::Account {
        self.homes[&tenant.parse().unwrap()].account.as_ref().unwrap()
    }

    /// The letters since the last time.
    pub(super) fn letters(&self) -> Vec<Mail> {
        self.post.try_iter().collect()
    }

    /// The sessions since the last time whose tokens are refused everywhere, and until when it must be known.
    pub(super) fn ended(&self) -> Vec<(String, i64)> {
        let told = self.doors.try_iter();
        told.map(|ended| {
            let EndedSession { user, session, tokens_until } = ended;
            (format!("{user}/sessions/{session}"), tokens_until.as_millis())
        })
        .collect()
    }

    /// The code of the one letter since the last time.
    pub(super) fn code(&self) -> String {
        let letters = self.letters();
        let [Mail { code: Some((code, _)), .. }] = &letters[..] else {
            unreachable!("one letter with a code was expected: {letters:?}")
        };
        code.expose().to_owned()
    }

    fn request(&self, tenant: &Tenant, caller: &Caller) -> Request {
        let minted = self.minted.clone();
        Request {
            tenant: tenant.clone(),
            caller: caller.clone(),
            at: Timestamp::from_millis(self.at),
            reading: self.operators.clone().reading(),
            mint: Arc::new(move || format!("id{}", minted.fetch_add(1, Ordering::Relaxed))),
            idempotency_key: None,
            went_to: None,
        }
    }

    /// The ring, as the runtime turns it.
    fn carry_out(
        &mut self,
        tenant: &Tenant,
        command: &Command,
        caller: &Caller,
        encode: impl Fn(&Done<'_, Auth>) -> Vec<u8>,
    ) -> Result<Vec<u8>, No> {
        let mut state = self.homes.remove(tenant).unwrap_or_default();
        let at = Timestamp::from_millis(self.at);
        let asked = Asked { tenant: tenant.clone(), caller: caller.clone(), at };
        let facts = now(Asking::new(&self.ports).gather(&state, command, &asked))?;
        let decided = Auth::decide(&state, command, &facts, &asked);
        let events = decided.as_deref().unwrap_or_default();
        for event in events {
            Auth::evolve(&mut state, event);
            self.react(tenant, event, &state, at);
        }
        let no =
            decided.as_ref().map_or_else(|no| Some(no.clone()), |events| Auth::declined(events));
        let answer = match no {
            Some(refusal) => Err(No::refused(&refusal)),
            None => {
                Ok(encode(&Done { asked: &asked, command, state: &state, version: Version(1) }))
            }
        };
        self.homes.insert(tenant.clone(), state);
        answer
    }

    fn react(&mut self, tenant: &Tenant, event: &Event, state: &State, at: Timestamp) {
        let seen = Seen { tenant, key: "account", event, state, version: Version(1), at };
        let calls = Calls(self.ports.clone());
        for call in calls.calls(&seen) {
            let stored = serde_json::to_vec(&call).unwrap();
            let read = serde_json::from_slice(&stored).unwrap();
            assert_eq!(read, call, "a stored call is read as the one that was stored");
            now(calls.perform(&read, "key")).unwrap();
        }
        let mut rows = cell_kernel::Rows::new();
        view::Operators::fold(&seen, &mut rows);
        let table = Table { service: Auth::SERVICE, name: view::Operators::NAME };
        self.operators.apply(table, Some(tenant), rows.into_changes(), Version(1));
    }
}
