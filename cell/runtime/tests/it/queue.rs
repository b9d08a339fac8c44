//! One cell of two processes with a queue between them, and another cell beside it.

use std::sync::Arc;

use base_ids::{Epoch, Generation, MessageId, Slot, StreamName, Tenant, Version};
use base_time::Timestamp;
use cell_runtime::{
    Cell, Config, Metrics, Parts, Seals, Services,
    local::{LocalMesh, Wires},
    memory::MemoryStores,
    mesh::Addressed,
    port::{Message, Stores},
    queue::{MemoryQueue, Queue},
};
use prost::{Message as _, Name as _};
use router_table::{Draft, Snapshot, Table};

use crate::{
    fleet::{call, cell_id, rest, table},
    toy::{self, GetRequest, Purse, PutRequest, SendRequest},
};

/// Cell 0 as two processes over one disk and one queue; cell 1 as one process with neither.
struct Pods {
    wires: Wires,
    disks: [MemoryStores; 2],
    queue: MemoryQueue,
    running: Vec<Cell>,
    config: Config,
    start: tokio::time::Instant,
}

impl Pods {
    async fn new(config: Config) -> Self {
        let mut pods = Self {
            wires: Wires::default(),
            disks: [MemoryStores::new(), MemoryStores::new()],
            queue: MemoryQueue::new(4),
            running: Vec::new(),
            config: Config { tries_max: 3, ..config },
            start: tokio::time::Instant::now(),
        };
        for _ in 0..2 {
            pods.add().await;
        }
        let other = pods.boot(1, None).await;
        pods.wires.connect(cell_id(1), other);
        pods
    }

    /// Another process of cell 0.
    async fn add(&mut self) {
        let member: Arc<dyn Queue> = self.queue.join();
        let pod = self.boot(0, Some(member)).await;
        self.wires.connect(cell_id(0), pod.clone());
        self.running.push(pod);
    }

    async fn boot(&self, number: usize, queue: Option<Arc<dyn Queue>>) -> Cell {
        let parts = Parts {
            id: cell_id(number),
            config: self.config.clone(),
            stores: Stores { shared: queue.is_some(), ..self.disks[number].stores() },
            clock: Arc::new(toy::TokioClock(self.start)),
            table: Snapshot::new(Table::empty()),
            mesh: Arc::new(LocalMesh(self.wires.clone())),
            queue,
            feed: None,
            hears: true,
            follows: true,
            mint: Arc::new(|| format!("{:032x}", 0)),
            seals: Seals::new(&[7; 32]),
            metrics: Metrics::default(),
        };
        let cell = Cell::start(parts, Services::new(self.config.clone()).with(toy::spec()));
        cell.adopt(table(2, 1)).await.unwrap();
        cell
    }

    async fn put(&self, user: &Tenant, coins: i64) {
        let put = PutRequest { name: String::new(), coins };
        self.running[0].serve(call(user, "Put", &put, None)).await.unwrap();
    }

    async fn send(&self, from: &Tenant, to: &Tenant, coins: i64) {
        let send = SendRequest { name: String::new(), to: to.to_string(), coins };
        self.running[0].serve(call(from, "Send", &send, None)).await.unwrap();
    }

    /// What a user of cell 0 has, as its row says.
    async fn coins(&self, user: &Tenant) -> i64 {
        coins(&self.running[0], user).await
    }
}

async fn coins(cell: &Cell, user: &Tenant) -> i64 {
    match cell.serve(call(user, "Get", &GetRequest::default(), None)).await {
        Ok(answered) => Purse::decode(&*answered.response).unwrap().coins,
        Err(_) => 0,
    }
}

/// A user of cell 0.
fn user(nth: usize) -> Tenant {
    let all = (0..).map(|id| format!("users/u{id}").parse::<Tenant>().unwrap());
    all.filter(|user| user.slot().index() % 2 == 0).nth(nth).unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_tenants_of_one_cell_tell_each_other_goes_over_the_queue_and_is_heard_once() {
    let pods = Pods::new(Config::default()).await;
    let (giver, takers) = (user(0), (1..20).map(user).collect::<Vec<_>>());
    pods.put(&giver, 100).await;
    for taker in &takers {
        pods.send(&giver, taker, 2).await;
        pods.send(&giver, taker, 1).await;
    }
    rest(1_000).await;
    for taker in &takers {
        assert_eq!(pods.coins(taker).await, 3);
    }
    assert_eq!((pods.queue.records(), pods.queue.behind()), (38, 0));
    assert_eq!(pods.running[0].on_way(), 0, "only the reminders are still in the outbox");
    rest(61_000).await;
    assert_eq!(pods.queue.records(), 38, "a reminder is heard where it was set");
    assert_eq!(pods.disks[0].outbox().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_or_away_is_put_in_again_and_heard_once() {
    let pods = Pods::new(Config::default()).await;
    let (giver, taker) = (user(0), user(1));
    pods.put(&giver, 100).await;
    pods.queue.lose_answers(3);
    for _ in 0..5 {
        pods.send(&giver, &taker, 1).await;
    }
    rest(5_000).await;
    assert_eq!(pods.coins(&taker).await, 5);
    assert!(pods.queue.records() > 5, "some were put in twice");
    pods.queue.away(true);
    for _ in 0..5 {
        pods.send(&giver, &taker, 1).await;
    }
    rest(60_000).await;
    assert_eq!(pods.coins(&taker).await, 5, "the outbox holds them");
    pods.queue.away(false);
    rest(10_000).await;
    assert_eq!(pods.coins(&taker).await, 10, "they go on by themselves");
    assert_eq!(pods.queue.behind(), 0);
}

#[tokio::test(start_paused = true)]
async fn poison_is_parked_and_shown_and_holds_up_nobody() {
    let pods = Pods::new(Config::default()).await;
    let (giver, taker, other) = (user(0), user(1), user(2));
    pods.put(&giver, 100).await;
    pods.send(&giver, &taker, 13).await;
    pods.send(&giver, &taker, 1).await;
    pods.send(&giver, &other, 1).await;
    rest(1_000).await;
    assert_eq!((pods.coins(&taker).await, pods.coins(&other).await), (14, 1));
    let dead = pods.running[1].stores().outbox.dead(10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(pods.queue.dead(), dead, "the queue shows what the store has");
    assert_eq!(pods.queue.behind(), 0);
    let id = dead[0].errand.message().id;
    assert!(pods.running[0].replay_dead(id).await.unwrap());
    rest(1_000).await;
    assert_eq!(pods.queue.dead().len(), 2, "still poison: parked and shown again");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_ends_leaves_what_it_has_not_heard_to_the_other() {
    let mut pods = Pods::new(Config::default()).await;
    let (giver, takers) = (user(0), (1..20).map(user).collect::<Vec<_>>());
    pods.put(&giver, 1_000).await;
    for round in 0..4 {
        for taker in &takers {
            pods.send(&giver, taker, 1).await;
        }
        // It ends with messages in its hands; what it has taken without an effect comes to another.
        pods.running.remove(1).stop().await;
        if round % 2 == 0 {
            rest(200).await;
        }
        pods.add().await;
    }
    rest(5_000).await;
    for taker in &takers {
        assert_eq!(pods.coins(taker).await, 4);
    }
    assert_eq!(pods.queue.behind(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_held_is_waited_for_put_back_and_found_where_it_has_moved() {
    let pods = Pods::new(Config { intake_max: 32, ..Config::default() }).await;
    let (giver, moving, other) = (user(0), user(1), user(2));
    pods.put(&giver, 1_000).await;
    let adopt = async |pods: &Pods, next: &dyn Fn() -> Table| {
        for cell in pods.running.iter().cloned().chain(pods.wires.cell(&cell_id(1))) {
            assert!(cell.adopt(next()).await.unwrap());
        }
    };
    adopt(&pods, &|| placed(2, &moving, 0, true)).await;
    // They were put in before anybody knew that nobody may write to the one who moves.
    let coins_for = |number| Addressed {
        to: moving.clone(),
        service: "purses".to_owned(),
        message: coins_from(&giver, number),
    };
    let late: Vec<_> = (1..=40).map(coins_for).collect();
    pods.queue.join().send(&late).await.unwrap();
    rest(1_000).await;
    pods.send(&giver, &other, 1).await;
    assert_eq!(pods.coins(&other).await, 0, "all places are taken");
    rest(60_000).await;
    assert_eq!(pods.coins(&other).await, 1, "who is held fills no place for long");
    assert!(pods.queue.records() > 41, "they were put back");
    adopt(&pods, &|| placed(3, &moving, 1, false)).await;
    rest(30_000).await;
    let there = pods.wires.cell(&cell_id(1)).unwrap();
    let stream = format!("{moving}/purses/purse").parse().unwrap();
    let heard = there.stores().journal.events(&stream, Version(0), 100).await.unwrap();
    assert_eq!(heard.len(), 40, "each once");
    assert_eq!(pods.queue.behind(), 0);
}

fn coins_from(giver: &Tenant, number: u64) -> Message {
    let from: StreamName = format!("{giver}/purses/purse").parse().unwrap();
    Message {
        id: MessageId::derived(&from, Version(number), 7),
        version: Version(number),
        kind: toy::Coins::full_name(),
        body: toy::Coins { coins: 1 }.encode_to_vec(),
        at: Timestamp::default(),
        trace: None,
        from,
    }
}

/// The usual table, in which one slot is placed at a cell, held or not.
fn placed(epoch: u64, tenant: &Tenant, at: usize, held: bool) -> Table {
    let usual = table(2, epoch);
    let mut draft = Draft::new(Epoch(epoch));
    let cells: Vec<_> = usual.cells().iter().cloned().map(|cell| draft.cell(cell)).collect();
    for slot in (0..=u16::MAX).map(Slot) {
        let owner = usual.slot(slot).unwrap();
        draft.slot(slot, cells[owner.index], owner.generation);
    }
    draft.slot(tenant.slot(), cells[at], Generation(epoch));
    if held {
        draft.hold_slot(tenant.slot());
    }
    draft.build().unwrap()
}
