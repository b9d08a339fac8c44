//! Finds the cell to send a request to: by the newest word, behind those that wait, asking first where a try would be dear.

use base_fault::{Code, Fault};
use http::Method;
use pingora::{Error, Result, proxy::Session};
use router_table::{Hint, Intent, Refusal, Step, Table, Target, Wait};

use crate::{
    ask::Word,
    body,
    exchange::{Exchange, RETRY_AFTER, no_owner},
    guard::Guard,
    hold::Turn,
    proxy::{GAVE_UP, PAUSE, Proxy, kind_of},
    upstream::Spoken,
};

/// What a request wants, as far as its head tells: the methods that are safe only read.
pub(crate) fn intent(method: &Method, grpc: bool) -> Intent {
    match (grpc, method.is_safe()) {
        (true, _) => Intent::Unsure,
        (false, true) => Intent::Read,
        (false, false) => Intent::Write,
    }
}

impl Proxy {
    /// The cell to send the request to now, and which of its pods lets it in. Waits while the tenant is held; returns the fault to
    /// answer with once that takes too long or nobody is found, explained to Pingora.
    pub(crate) async fn find_owner(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
    ) -> Result<Target> {
        loop {
            let table = self.table.load();
            let step = exchange.pursuit.next(&table, &exchange.tenant, exchange.intent);
            let mut target = match step {
                Ok(Step::Try(target)) => target,
                Ok(Step::Wait(wait)) => {
                    Box::pin(self.wait(session, exchange, wait, table.epoch())).await?;
                    continue;
                }
                Err(gave_up) => return stop(exchange, no_owner(&gave_up)),
            };
            if exchange.place.is_none() && self.hold.waits_for(&exchange.tenant) {
                match exchange.intent {
                    Intent::Read => {}
                    // Others have come before: this one goes behind them, in the order of their coming.
                    Intent::Write => self.take_place(session, exchange)?,
                    // If it only reads, it need not wait for them.
                    Intent::Unsure => target.ask = true,
                }
            }
            if exchange.place.as_ref().is_some_and(|place| !place.is_first()) {
                Box::pin(self.wait(session, exchange, Wait::Held, table.epoch())).await?;
                continue;
            }
            // A pod that knew no better need not be waited for while there are others.
            if target.after_pause && !Guard::has_another(&table, &target, &exchange.pass) {
                tokio::time::sleep(PAUSE * u32::from(exchange.pursuit.tries())).await;
            }
            // Most requests are sent at once: nothing is set up for waiting and asking, which is large.
            let replayable = exchange.replayable.unwrap_or_else(|| body::is_short(session));
            if replayable && !target.ask {
                self.let_in(session, exchange, &table, &mut target)?;
                target.ask = exchange.pass.asks_first;
            }
            if replayable && !target.ask
                || Box::pin(self.would_serve(session, exchange, &table, &mut target)).await?
            {
                self.let_in(session, exchange, &table, &mut target)?;
                return Ok(target);
            }
        }
    }

    fn take_place(&self, session: &mut Session, exchange: &mut Exchange) -> Result<()> {
        let entered = if let Some(ticket) = exchange.ticket {
            Ok(self.hold.return_to(&exchange.tenant, ticket))
        } else {
            self.hold.enter(&exchange.tenant, body::cost(session))
        };
        match entered {
            Ok(place) => {
                exchange.ticket = Some(place.ticket());
                exchange.place = Some(place);
                Ok(())
            }
            Err(full) => {
                stop(exchange, Fault::downstream(Code::Held, RETRY_AFTER, full.to_string()))
            }
        }
    }

    /// Waits for this request's turn to look again.
    async fn wait(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        wait: Wait,
        seen: base_ids::Epoch,
    ) -> Result<()> {
        if exchange.place.is_none() {
            self.take_place(session, exchange)?;
        }
        let Some(place) = &mut exchange.place else { return Ok(()) };
        match place.wait(seen).await {
            Turn::Look => {}
            Turn::Probe => exchange.pursuit.probe(),
            Turn::TimeUp => return stop(exchange, no_owner(&wait.into())),
        }
        if let Some(hint) = self.learnt.hints.get(&*exchange.tenant) {
            exchange.pursuit.learn(hint);
        }
        Ok(())
    }

    /// Whether the request is worth sending to `target`: the cell is asked if the tenant may be held, or if the body is too
    /// large to be sent once more after a refusal.
    async fn would_serve(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        table: &Table,
        target: &mut Target,
    ) -> Result<bool> {
        let replayable = match exchange.replayable {
            Some(known) => known,
            // Nothing of the body is read before it is known that nobody has to wait.
            None if target.ask => true,
            None => {
                let known = body::is_replayable(session, exchange.grpc).await;
                *exchange.replayable.insert(known.map_err(Error::into_down)?)
            }
        };
        if replayable && !target.ask {
            return Ok(true);
        }
        match self.ask(session, exchange, table, target).await? {
            Word::Mine(hint) => {
                self.counts.asked("mine");
                let released = self.is_released(exchange, target, hint);
                if !released {
                    // Who waits takes nobody's place.
                    self.guard.refused(&mut exchange.pass);
                }
                Ok(released)
            }
            Word::Refused(refusal) => {
                self.counts.asked(kind_of(&refusal));
                self.guard.refused(&mut exchange.pass);
                self.note_refusal(exchange, target, refusal);
                Ok(false)
            }
        }
    }

    /// Asks the cell, pod after pod until one says something.
    async fn ask(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        table: &Table,
        target: &mut Target,
    ) -> Result<Word> {
        loop {
            self.let_in(session, exchange, table, target)?;
            let peer = self.upstream.peer(target, Spoken::Rest);
            let (patience, head) = (self.upstream.patience.connect(), session.req_header());
            let asked = self.asker.ask(&peer, target, &exchange.tenant, head, patience).await;
            let mut error = match asked {
                // One that says so may still not do so: it is in doubt until it has answered a request.
                Ok(word) => return Ok(word),
                Err(error) => error,
            };
            self.counts.not_connected(&target.cell);
            self.guard.gone(target, &mut exchange.pass);
            if Guard::has_another(table, target, &exchange.pass) {
                continue;
            }
            error.set_retry(false);
            exchange.target = Some(target.clone());
            exchange.fault = Some(exchange.not_answering());
            return Err(error);
        }
    }

    /// Asks the cell's pods, in the order that the tenant prefers, to let the request through, unless one has: what is refused here
    /// is never sent to another cell.
    pub(crate) fn let_in(
        &self,
        session: &mut Session,
        exchange: &mut Exchange,
        table: &Table,
        target: &mut Target,
    ) -> Result<()> {
        if exchange.pass.is_let_in() {
            return Ok(());
        }
        let whole = session.as_downstream_mut().is_body_empty();
        let (tenant, pass) = (&exchange.tenant, &mut exchange.pass);
        let entered = self.guard.enter(table, target, tenant, whole, pass);
        entered.or_else(|shut| {
            exchange.target = Some(target.clone());
            stop(exchange, shut)
        })
    }

    /// Whether a cell that would serve is to be believed although the table says that the tenant is held: if it knows better.
    fn is_released(&self, exchange: &mut Exchange, target: &Target, hint: Option<Hint>) -> bool {
        let newest = self.table.load();
        let route = newest.route(&exchange.tenant).owner();
        let held = route.is_some_and(|owner| owner.held && owner.cell.id == target.cell);
        if !held || exchange.intent != Intent::Write {
            return true;
        }
        let Some(hint) = hint.filter(|hint| hint.epoch > newest.epoch()) else {
            let epoch = newest.epoch();
            exchange.pursuit.refused(&target.cell, Refusal::Held { epoch });
            return false;
        };
        self.learnt.hints.put(exchange.tenant.as_ref().into(), hint);
        true
    }

    /// Learns from a refusal, for this request and those after it.
    pub(crate) fn note_refusal(&self, exchange: &mut Exchange, target: &Target, refusal: Refusal) {
        let table = self.table.load();
        let knows_less =
            matches!(&refusal, Refusal::NotMine { epoch, .. } if *epoch < table.epoch());
        if knows_less && !target.is_only_pod(&table) {
            self.guard.pass_over(target, &mut exchange.pass);
        }
        exchange.pursuit.refused(&target.cell, refusal);
        if let Some(hint) = exchange.pursuit.hint() {
            self.learnt.hints.put(exchange.tenant.as_ref().into(), hint.clone());
        }
    }
}

/// The request ends with this answer of the router.
fn stop<T>(exchange: &mut Exchange, fault: Fault) -> Result<T> {
    let text = fault.context().to_owned();
    exchange.fault = Some(fault);
    Err(Error::explain(GAVE_UP, text).into_in())
}
