//! The next ten commands to paste: from signing in to an order, and the whole walk of it over the cells.

use super::record::Record;
use crate::{launch::Fleet, say};

/// A command with the reason for it.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) why: &'static str,
    pub(super) line: String,
}

/// Exactly ten.
pub(super) fn ten(fleet: &Fleet, record: &Record) -> Vec<Command> {
    let (first, last) = (&record.picks[0], &record.picks[record.picks.len() - 1]);
    let shopper = &record.shopper;
    // A fresh key each time: pasting again buys again. The same key would give the same answer and buy nothing.
    let post = |path: &str, body: &str| {
        format!(
            "curl -sS --cacert $CA \"$SOUK/v1/{path}\" -H \"authorization: Bearer $TOKEN\" -H \"idempotency-key: demo-$(date +%s%N)\" \
             -H 'content-type: application/json' -d '{body}'"
        )
    };
    let get = |path: &str| {
        format!(
            "curl -sS --cacert $CA \"$SOUK/v1/{path}\" -H \"authorization: Bearer $TOKEN\"; echo"
        )
    };
    let taken = |field: &str, pattern: &str| {
        format!("sed -n 's/.*\"{field}\": *\"\\({pattern}\\)\".*/\\1/p'")
    };
    let add = |vendor: &str, offer: &str| {
        format!(
            "{}; echo",
            post(
                "users/me/carts/main:addLine",
                &format!(r#"{{"vendor":"{vendor}","offer":"{offer}","quantity":"1"}}"#)
            )
        )
    };
    let address = r#"{"recipient":"Leïla Amrani","phone":"+212600000000","lines":["12, rue des Consuls"],"district":"Médina","city":"Rabat","country":"MA"}"#;
    let checkout = format!(
        r#"{{"cart":"main","address":{address},"payment":{{"method":"card","instrument":"pm_card_visa"}},"locale":"fr-MA"}}"#
    );
    let credentials =
        format!(r#"{{"email":"{}","password":"{}"}}"#, shopper.email, shopper.password);
    let lines = [
        (
            "where everything is",
            format!(
                "SOUK={} CA={} SOUKCTL={}; export SOUKCTL_CONTROL_PLANE={} SOUKCTL_IDENTITY={}",
                fleet.router(),
                fleet.authority().display(),
                fleet.soukctl().display(),
                fleet.control_plane(),
                fleet.operator().display()
            ),
        ),
        (
            "sign in as a shopper",
            format!(
                "TOKEN=$(curl -sS --cacert $CA $SOUK/v1/auth:signIn -H 'content-type: application/json' -d '{credentials}' | {})",
                taken("accessToken", "[^\"]*")
            ),
        ),
        (
            "look at a book and who sells it",
            format!("curl -sS --cacert $CA $SOUK/v1/catalog/products/{}; echo", first.isbn),
        ),
        ("put it into the cart, from a vendor in one cell", add(&first.vendor, &first.offer)),
        ("and another book, from a vendor in another cell", add(&last.vendor, &last.offer)),
        (
            "start a checkout",
            format!(
                "CHECKOUT=$({} | {}); echo $CHECKOUT",
                post("users/me/checkouts", &checkout),
                taken("name", "users\\/[^\"\\/]*\\/checkouts\\/[^\"]*")
            ),
        ),
        (
            "buy: answers at once, the cells go on",
            format!("{}; echo", post("$CHECKOUT:place", "{}")),
        ),
        ("watch it until it has ended", get("$CHECKOUT:watch")),
        (
            "the order, with a part for each vendor",
            format!("ORDER=${{CHECKOUT/checkouts/orders}}; {}", get("$ORDER")),
        ),
        (
            "the whole purchase, message by message, across the cells",
            "$SOUKCTL explain $ORDER".to_owned(),
        ),
    ];
    lines.map(|(why, line)| Command { why, line }).into()
}

/// Prints where everybody is, who can sign in, and the commands.
pub(super) fn print(fleet: &Fleet, record: &Record, commands: &[Command]) {
    say::line("");
    say::line(format!("shop (REST, gRPC)   {}", fleet.router()));
    say::line(format!("API page            {}/openapi.json", fleet.router()));
    say::line(format!("whom clients trust  {}", fleet.authority().display()));
    say::line(format!(
        "control plane       {}   (soukctl finds it in {})",
        fleet.control_plane(),
        fleet.place().fleet_file().display()
    ));
    say::line(format!("payment stand-in    {}", fleet.stripe()));
    for (member, admin) in fleet.admins() {
        say::line(format!("{:<19} {admin}/metrics", format!("{member} admin")));
    }
    say::line(format!("mail and logs       {}", fleet.place().root().display()));
    let counts = record.counts;
    say::line(format!(
        "catalogue           {} products, {} offers of {} open vendors, {} users (scale {})\n",
        counts.products, counts.offers, counts.vendors, counts.users, record.scale
    ));
    let owner = record.picks.first().map(|pick| {
        (&pick.owner, format!("owner of {} ({}, in {})", pick.shop, pick.vendor, pick.cell))
    });
    let people = [
        Some((&record.shopper, "shopper".to_owned())),
        owner,
        Some((&record.operator, "operator of the platform".to_owned())),
    ];
    for (person, what) in people.into_iter().flatten() {
        say::line(format!(
            "{:<40} password {:<16} {what}, lives in {}",
            person.email, person.password, person.cell
        ));
    }
    say::line("\nTen commands that end in an order; paste them into bash:");
    for Command { why, line } in commands {
        say::line(format!("\n# {why}\n{line}"));
    }
    say::line("");
}
