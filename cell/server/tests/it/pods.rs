//! Processes of one cell on the same engines: whichever is killed, the others go on with what it leaves, or it does when it is back.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use base_ids::GuestSecret;
use base_testkit::{Child, OwnEngine, Scratch, TestEngine, eventually};
use base_token::TokenAudience;
use cell_kernel::VendorRole;
use cell_scylla::Scylla;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use parking_lot::Mutex;
use router_table::{LastGood, Pod};
use serde_json::{Value, json};
use souk_proto_fleet::v1::{ListDeadLettersRequest, cell_admin_client::CellAdminClient};

use crate::house::{Front, everything_at, keyspace_of};

const PROGRAM: &str = env!("CARGO_BIN_EXE_souk-cell");
const BOOK: &str = "9789954900000";
/// Copies of it that the vendor has.
const COPIES: i64 = 500;
/// Buyers who place what they have begun, and those who only begin.
const BUYERS: u8 = 40;
const BROWSERS: u8 = 6;
/// How long the cell keeps a purchase that was begun and not placed.
const BEGUN: Duration = Duration::from_secs(12);
/// How long it may take at most until somebody else goes on with what a killed pod had, and has ended it: five seconds until it is
/// missed, and what there is to do.
const TAKEN_OVER: Duration = Duration::from_secs(20);
/// For what happens soon; no measure of how soon it does.
const PATIENCE: Duration = Duration::from_mins(1);

/// How three processes share the work.
struct Sharing {
    /// What each of them does; the first two answer callers.
    roles: [&'static str; 3],
    /// Whether Kafka and Redis lie between them.
    between: bool,
    /// Which one is killed while callers buy.
    killed: usize,
}

/// What the processes are called among each other.
const NAMES: [&str; 3] = ["a", "b", "c"];

/// A cell of several processes as its callers find it.
struct Pods {
    sharing: Sharing,
    /// Where `a` and `b` are; that changes when one is started again.
    fronts: Mutex<[Front; 2]>,
    mesh: Mutex<String>,
    keyspace: cell_scylla::Config,
    /// What lies between them, as settings.
    between: Vec<(&'static str, String)>,
    /// Killed with the first process, and not brought back.
    redis: Option<OwnEngine>,
    scratch: Scratch,
}

impl Pods {
    /// Starts all; the processes beside the cell, so that they can be killed while it is asked.
    async fn start(test: &str, sharing: Sharing) -> Option<(Self, [Child; 3])> {
        let keyspace = keyspace_of(test)?;
        let (between, redis) = if sharing.between {
            let (between, redis) = between(test)?;
            (between, Some(redis))
        } else {
            (Vec::new(), None)
        };
        base_telemetry::install_crypto();
        let scratch = Scratch::new(test).unwrap();
        std::fs::write(scratch.path().join("platform.secret"), [42; 32]).unwrap();
        let nowhere = Front::at(([127, 0, 0, 1], 9).into());
        let (fronts, mesh) = (Mutex::new([nowhere.clone(), nowhere]), Mutex::default());
        let pods = Self { sharing, fronts, mesh, keyspace, between, redis, scratch };
        let processes = [pods.run(0).await, pods.run(1).await, pods.run(2).await];
        Some((pods, processes))
    }

    /// Starts a process and waits until it serves.
    async fn run(&self, nth: usize) -> Child {
        let (name, role) = (NAMES[nth], self.sharing.roles[nth]);
        let folder = self.scratch.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        // No pod asks another one for anything, so it does not matter where the table says that they are.
        let nowhere = ([127, 0, 0, 1], 9).into();
        let nowhere = Pod::only(nowhere, nowhere, nowhere);
        let serving = NAMES[..2].iter();
        let pods = serving.map(|name| Pod { name: name.parse().unwrap(), ..nowhere.clone() });
        LastGood::at(folder.join("table.last-good")).save(&everything_at(pods.collect())).unwrap();
        let addresses = folder.join("addresses.json");
        // Of the process before.
        let _ = std::fs::remove_file(&addresses);
        let mut process = Child::start(&mut self.command(name, role, &addresses)).unwrap();
        let serves = eventually(PATIENCE, async || {
            assert!(process.ended().unwrap().is_none(), "it has ended; its log says why");
            std::fs::read(&addresses)
        });
        let told: Value = serde_json::from_slice(&serves.await.unwrap()).unwrap();
        match told["edge"].as_str() {
            Some(edge) if nth < 2 => self.fronts.lock()[nth] = Front::at(edge.parse().unwrap()),
            edge => {
                let answers = role == "all" || role.contains("edge");
                assert_eq!(edge.is_some(), answers, "who has the role answers");
            }
        }
        *self.mesh.lock() = format!("http://{}", told["mesh"].as_str().unwrap());
        process
    }

    fn command(&self, name: &str, role: &str, addresses: &Path) -> Command {
        let (folder, keyspace) = (self.scratch.path(), &self.keyspace);
        let log = folder.join(format!("{name}.log"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let free = || "127.0.0.1:0".to_owned();
        let settings = [
            ("name", "cell-1".to_owned()),
            ("pod", name.to_owned()),
            ("role", role.to_owned()),
            ("edge", free()),
            ("mesh", free()),
            ("admin", free()),
            ("data_dir", folder.join(name).display().to_string()),
            ("addresses_file", addresses.display().to_string()),
            ("scylla.nodes", json!(keyspace.nodes).to_string()),
            ("scylla.keyspace", keyspace.keyspace.clone()),
            ("scylla.replication", keyspace.replication.to_string()),
            ("scylla.call_ms_max", keyspace.call_ms_max.to_string()),
            ("checkout.buyer_ms", BEGUN.as_millis().to_string()),
            ("outside.secret_file", folder.join("platform.secret").display().to_string()),
            ("outside.mail.folder", folder.join("mail").display().to_string()),
            ("outside.cards.api_url", "http://127.0.0.1:9".to_owned()),
            ("outside.cards.secret_key", "sk_test_pods".to_owned()),
        ];
        let mut command = Command::new(PROGRAM);
        for (key, value) in settings.iter().chain(&self.between) {
            command.args(["--set", &format!("{key}={value}")]);
        }
        command.stdout(Stdio::null()).stderr(log);
        command
    }

    /// Asks the one and, if it is not there, the other, as a router does; under one key.
    async fn ask(&self, nth: u8, method: Method, path: &str, who: &str, body: &Value) -> Value {
        let key = uuid::Uuid::new_v4().to_string();
        let key = (method != Method::GET).then_some(key.as_str());
        let mut fronts = self.fronts.lock().clone();
        fronts.rotate_left(usize::from(nth % 2));
        let answered = eventually(PATIENCE, async || {
            let mut last = String::new();
            for front in &fronts {
                let body = if body.is_null() { String::new() } else { body.to_string() }.into();
                match front.try_send(key, method.clone(), path, Some(who), body).await {
                    Ok(heard) if heard.status == StatusCode::OK => return Ok(heard.json()),
                    Ok(heard) => {
                        let may_change =
                            [StatusCode::NOT_FOUND, StatusCode::CONFLICT].contains(&heard.status);
                        assert!(
                            may_change || heard.status.is_server_error(),
                            "{path}: {}",
                            heard.text
                        );
                        last = heard.text;
                    }
                    Err(gone) => last = gone.to_string(),
                }
            }
            Err(last)
        });
        answered.await.map_err(|late| format!("{path}: {}", late.last)).unwrap()
    }

    /// What is read once it is as it should be.
    async fn once(&self, path: &str, who: &str, settled: impl Fn(&Value) -> bool) -> Value {
        let shown = eventually(PATIENCE, async || {
            let shown = self.ask(1, Method::GET, path, who, &Value::Null).await;
            if settled(&shown) { Ok(shown) } else { Err(shown) }
        });
        shown.await.map_err(|late| format!("{path}: {}", late.last)).unwrap()
    }

    /// Opens a vendor that sells the book; the requests go to either process by turns.
    async fn vendor(&self) -> String {
        let front = self.front();
        let operator = front.token("users/omar", TokenAudience::Operator);
        let owner = front.token("users/leila", TokenAudience::Shopper);
        let seller = json!({"handle": "livres", "city": "Fès", "displayName": {"latin": "Livres"}});
        let applied = self.ask(0, Method::POST, "/v1/vendors:apply", &owner, &seller).await;
        let vendor = applied["name"].as_str().unwrap().to_owned();
        let who = self.owner_of(&vendor);
        let held = |shown: &Value| shown["handleState"] == "HELD";
        self.once(&format!("/v1/{vendor}"), &who, held).await;
        let fee = json!({"fee": {"currency": "MAD", "minor": "2500"}});
        let book = json!({"product": BOOK, "publish": true, "details": {
            "title": {"fr": "Les Mérinides"}, "authors": ["Aya Idrissi"], "language": "fr", "subject": "history",
            "format": "paperback",
        }});
        let line = json!({
            "sku": "a", "isbn": BOOK, "price": "49.00 MAD", "stock": COPIES, "titles": {"fr": "Les Mérinides"},
            "authors": ["Aya Idrissi"], "language": "fr", "subject": "history", "format": "paperback",
        });
        let rate = json!({"basisPoints": 1_000, "reason": "agreed"});
        let steps = [
            (":submit", &who, json!({})),
            (":setCommission", &operator, rate),
            (":approve", &operator, json!({"overrideReason": "a test"})),
            (":setDeliveryFee", &who, fee),
            ("/offers:import", &who, line),
        ];
        self.ask(1, Method::POST, "/v1/catalog/products", &operator, &book).await;
        for (nth, (verb, who, body)) in (0..).zip(steps) {
            self.ask(nth, Method::POST, &format!("/v1/{vendor}{verb}"), who, &body).await;
        }
        let page = format!("/v1/catalog/products/{BOOK}");
        self.once(&page, &owner, |shown| shown["offers"][0]["buyable"] == json!(true)).await;
        vendor
    }

    fn front(&self) -> Front {
        self.fronts.lock()[0].clone()
    }

    fn owner_of(&self, vendor: &str) -> String {
        let vendor = vendor.parse().unwrap();
        let audience = TokenAudience::Vendor { vendor, role: VendorRole::Owner };
        self.front().token("users/leila", audience)
    }

    /// Letters that nobody could hear.
    async fn dead_letters(&self) -> usize {
        let mesh = self.mesh.lock().clone();
        let mut admin = CellAdminClient::connect(mesh).await.unwrap();
        let request = ListDeadLettersRequest { limit: 10 };
        admin.list_dead_letters(request).await.unwrap().into_inner().letters.len()
    }
}

/// Kafka, and a Redis of its own, for a test's own cell; nothing, and said so, where one of them is not.
fn between(test: &str) -> Option<(Vec<(&'static str, String)>, OwnEngine)> {
    let kafka = TestEngine::Kafka.address(test)?;
    let redis = OwnEngine::start(test, "redis", &[]).unwrap()?;
    let address = redis.address().unwrap();
    let prefix = format!("t-{}", uuid::Uuid::new_v4().simple());
    let settings = vec![
        ("kafka.brokers", json!([kafka]).to_string()),
        ("kafka.prefix", prefix.clone()),
        ("kafka.partitions", "6".to_owned()),
        ("kafka.replication", "1".to_owned()),
        ("redis.address", address),
        ("redis.prefix", prefix),
    ];
    Some((settings, redis))
}

/// A visitor who buys.
struct Buyer {
    nth: u8,
    user: String,
    who: String,
}

impl Buyer {
    fn new(nth: u8) -> Self {
        let secret = GuestSecret::of_random(&[nth; 32]);
        Self { nth, user: secret.tenant().to_string(), who: format!("Guest {}", secret.as_str()) }
    }

    async fn ask(&self, pods: &Pods, what: &str, body: Value) -> Value {
        let path = format!("/v1/{}{what}", self.user);
        pods.ask(self.nth, Method::POST, &path, &self.who, &body).await
    }

    /// Begins to buy as many copies as its number says, up to four; the checkout's name.
    async fn begin(&self, pods: &Pods, vendor: &str) -> String {
        let quantity = self.quantity().to_string();
        let line = json!({"vendor": vendor, "offer": "a", "quantity": quantity});
        self.ask(pods, "/carts/main:addLine", line).await;
        let address = json!({
            "recipient": "Leïla Amrani", "phone": "+212600000000", "lines": ["12, rue des Consuls"],
            "district": "Médina", "city": "Rabat", "country": "MA",
        });
        let checkout = json!({
            "cart": "main", "address": address, "email": "leila@example.ma", "locale": "fr-MA",
            "payment": {"method": "cash_on_delivery"},
        });
        self.ask(pods, "/checkouts", checkout).await["name"].as_str().unwrap().to_owned()
    }

    /// The same to the end; how it has ended.
    async fn buy(&self, pods: &Pods, vendor: &str) -> Value {
        let checkout = self.begin(pods, vendor).await;
        let below = checkout.strip_prefix(&self.user).unwrap();
        self.ask(pods, &format!("{below}:place"), json!({})).await;
        self.ended(pods, &checkout).await
    }

    async fn ended(&self, pods: &Pods, checkout: &str) -> Value {
        pods.once(&format!("/v1/{checkout}"), &self.who, |shown| shown["ended"] == json!(true))
            .await
    }

    async fn orders(&self, pods: &Pods) -> usize {
        let path = format!("/v1/{}/orders", self.user);
        let shown = pods.ask(1, Method::GET, &path, &self.who, &Value::Null).await;
        shown["orders"].as_array().map_or(0, Vec::len)
    }

    fn quantity(&self) -> i64 {
        i64::from(self.nth % 4) + 1
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_pod_has_begun_another_ends_once() {
    let test = "what_a_killed_pod_has_begun_another_ends_once";
    let both = "edge,services,relay";
    all_is_bought_once(test, Sharing { roles: [both, both, "indexer"], between: false, killed: 0 })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pods_with_kafka_between_them_take_over_from_each_other_and_go_on_without_redis() {
    let test = "pods_with_kafka_between_them_take_over_from_each_other_and_go_on_without_redis";
    all_is_bought_once(test, Sharing { roles: ["all"; 3], between: true, killed: 0 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_hears_while_the_only_one_to_hear_it_is_dead_is_heard_when_it_is_back() {
    let test = "what_nobody_hears_while_the_only_one_to_hear_it_is_dead_is_heard_when_it_is_back";
    let front = "edge,services";
    all_is_bought_once(
        test,
        Sharing { roles: [front, front, "relay,indexer"], between: true, killed: 2 },
    )
    .await;
}

/// Buyers buy while a process is killed: each has their goods once, and the accounts are exact.
async fn all_is_bought_once(test: &str, sharing: Sharing) {
    let Some((pods, mut processes)) = Pods::start(test, sharing).await else { return };
    let vendor = pods.vendor().await;
    let buyers: Vec<_> = (0..BUYERS).map(Buyer::new).collect();
    // Those who do not place what they begin are of the first pod.
    let browsers: Vec<_> = (0..BROWSERS).map(|nth| Buyer::new(BUYERS + 2 * nth)).collect();
    let abandoned = join_all(browsers.iter().map(|browser| browser.begin(&pods, &vendor))).await;

    let done = AtomicUsize::new(0);
    let buying = join_all(buyers.iter().map(async |buyer| {
        let ended = buyer.buy(&pods, &vendor).await;
        done.fetch_add(1, Ordering::SeqCst);
        (ended, Instant::now())
    }));
    let kill = async {
        let some = eventually(PATIENCE, async || {
            let done = done.load(Ordering::SeqCst);
            if done >= usize::from(BUYERS) / 4 { Ok(()) } else { Err(done) }
        });
        some.await.unwrap();
        if let Some(redis) = &pods.redis {
            redis.kill("redis-1").unwrap();
        }
        processes[pods.sharing.killed].kill().unwrap();
        let killed = Instant::now();
        if pods.sharing.killed == 2 {
            // Nobody else does what it does.
            processes[2] = pods.run(2).await;
        }
        killed
    };
    let (bought, killed) = tokio::join!(buying, kill);
    let mut last = killed;
    for (ended, at) in bought {
        assert_eq!(ended["status"], "COMPLETED", "{ended}");
        last = last.max(at);
    }
    assert!(last - killed < TAKEN_OVER, "taken over after {:?}", last - killed);
    for (browser, checkout) in browsers.iter().zip(&abandoned) {
        let ended = browser.ended(&pods, checkout).await;
        assert_ne!(ended["status"], "COMPLETED", "{ended}");
        assert_eq!(browser.orders(&pods).await, 0);
    }
    assert!(killed.elapsed() < BEGUN + TAKEN_OVER, "timers after {:?}", killed.elapsed());

    // Then the second one goes, with the first one there.
    if pods.sharing.killed == 0 {
        processes[0] = pods.run(0).await;
    }
    processes[1].kill().unwrap();
    let late = Buyer::new(250);
    let ended = late.buy(&pods, &vendor).await;
    assert_eq!(ended["status"], "COMPLETED", "{ended}");

    let all = || buyers.iter().chain([&late]);
    for buyer in all() {
        assert_eq!(buyer.orders(&pods).await, 1, "{}", buyer.user);
    }
    let sold: i64 = all().map(Buyer::quantity).sum();
    let who = pods.owner_of(&vendor);
    let levels = |shown: &Value| {
        let of = |level: &str| shown["stock"][0][level].as_str().unwrap_or("0").parse::<i64>();
        ["onHand", "allocated", "reserved", "available"].map(|level| of(level).unwrap())
    };
    let expected = [COPIES, sold, 0, COPIES - sold];
    pods.once(&format!("/v1/{vendor}/stock"), &who, |shown| levels(shown) == expected).await;
    let path = format!("/v1/{vendor}/orders?pageSize=200");
    let orders = pods.ask(0, Method::GET, &path, &who, &Value::Null).await;
    assert_eq!(orders["orders"].as_array().unwrap().len(), buyers.len() + 1);
    assert_eq!(pods.dead_letters().await, 0);
    drop(processes);
    Box::pin(Scylla::wipe(&pods.keyspace)).await.unwrap();
}
