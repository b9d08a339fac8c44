//! More buyers than copies: exactly as many orders as there are copies, whoever is faster.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::JoinSet};

use super::{rest::books_balance, stage::Stage};
use crate::{
    accounts::Made,
    http::refused_with,
    market::Size,
    people::{Basket, Paying},
    say,
};

/// How long one purchase may take.
const PURCHASE: Duration = Duration::from_mins(4);

/// What is to happen.
#[derive(Clone, Copy, Debug)]
pub struct Oversell {
    /// Everybody wants one.
    pub buyers: usize,
    /// There are so many.
    pub copies: i64,
    /// So many buyers are on their way at once.
    pub at_once: usize,
}

/// Walks the journey; true if exactly every copy was sold and all books balance.
///
/// Errors: what could not be carried out at all.
pub async fn oversell(stage: &Stage, asked: Oversell) -> anyhow::Result<bool> {
    let set = stage
        .set("oversell", Size { vendors_per_cell: 1, offers: 1, copies: asked.copies })
        .await?;
    let cells = set.market.homes.cells();
    let stall = &set.market.stalls[0];
    say::step(format!(
        "{} buyers in {} cells want one of {} copies of {} in {}",
        asked.buyers,
        cells.len(),
        asked.copies,
        stall.wares[0].offer,
        stall.cell
    ));
    let wanted = (stall.vendor.name.clone(), stall.wares[0].offer.clone(), 1);
    let gate = Arc::new(Semaphore::new(asked.at_once));
    let bar = say::progress("buyers", asked.buyers);
    let mut crowd = JoinSet::new();
    for nth in 0..asked.buyers {
        let buyer = set.market.visitor_of(&cells[nth % cells.len()]);
        let paying = if nth.is_multiple_of(2) { Paying::Cash } else { Paying::Card };
        let basket = Basket { lines: vec![wanted.clone()], paying, ship_what_you_can: false };
        let (gate, bar) = (Arc::clone(&gate), bar.clone());
        crowd.spawn(async move {
            let _turn = gate.acquire_owned().await?;
            let bought = buyer.buy(&basket, PURCHASE).await;
            bar.inc(1);
            anyhow::Ok((buyer, paying, bought))
        });
    }
    let (mut made, mut turned_away, mut holds) =
        (Vec::new(), BTreeMap::<String, usize>::new(), true);
    while let Some(bought) = crowd.join_next().await {
        let (buyer, paying, bought) = bought??;
        match bought {
            Ok(purchase) => made.push(Made { buyer, paying, purchase }),
            // Told so at the cart already.
            Err(error) => {
                if let Some(code) = refused_with(&error) {
                    *turned_away.entry(format!("at the cart: {code}")).or_default() += 1;
                } else {
                    say::bad(format!("{error:#}"));
                    holds = false;
                }
            }
        }
    }
    bar.finish_and_clear();
    for unlucky in made.iter().filter(|made| made.purchase.order.is_none()) {
        *turned_away
            .entry(format!("at the checkout: {}", unlucky.purchase.problems().join(", ")))
            .or_default() += 1;
    }
    for (why, count) in &turned_away {
        say::line(format!("{count:>6}  turned away {why}"));
    }
    let orders = made.iter().filter(|made| made.purchase.order.is_some()).count();
    holds &= i64::try_from(orders)? == asked.copies.min(i64::try_from(asked.buyers)?);
    holds &= books_balance(&set, &made).await?;
    let verdict = format!("{orders} orders for {} copies, {} buyers", asked.copies, asked.buyers);
    say::verdict(holds, verdict);
    stage.strike(set, holds).await
}
