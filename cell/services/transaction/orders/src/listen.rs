//! What orders does when checkout, payments, its other side or time speak.

use base_time::Timestamp;
use cell_kernel::{Heard, Listener, Unreadable};
use cell_words::told::{address, money, number, read};

use crate::{
    Orders,
    command::{ChildAsk, ChildNews, Command, GroupAsk, Parcel, Placement},
    draft::{ChildDraft, GroupDraft, Line, Title},
    wire,
};

type Asked = Result<Command, Unreadable>;

pub(crate) fn listener() -> Listener<Orders> {
    Listener::new()
        .on(place_group_for_checkout)
        .on(confirm_group_when_paid)
        .on(undo_group_with_its_checkout)
        .on(note_what_a_vendor_did)
        .on(note_what_came_back)
        .on(place_child_for_group)
        .on(confirm_child_with_its_group)
        .on(cancel_child_for_group)
        .on(lapse_when_unanswered)
}

fn place_group_for_checkout(message: &wire::PlaceGroup, _: &Heard<'_>) -> Asked {
    let children = message.children.iter().map(child_draft).collect::<Result<_, _>>()?;
    let draft = GroupDraft {
        cart: message.cart.clone(),
        address: address(message.address.as_ref())?,
        payment_method: read(&message.payment_method)?,
        payment: read(&message.payment)?,
        locale: message.locale.clone(),
        children,
    };
    let draft = draft.checked().map_err(Unreadable::because)?;
    of_group(&message.group, GroupAsk::Place(Box::new(draft)))
}

fn confirm_group_when_paid(message: &wire::ConfirmGroup, _: &Heard<'_>) -> Asked {
    of_group(&message.group, GroupAsk::Confirm)
}

fn undo_group_with_its_checkout(message: &wire::CancelGroup, _: &Heard<'_>) -> Asked {
    of_group(&message.group, GroupAsk::Undo { reason: message.reason.clone() })
}

fn note_what_a_vendor_did(message: &wire::ChildChanged, _: &Heard<'_>) -> Asked {
    let status = wire::read_status(message.status)
        .ok_or_else(|| Unreadable(format!("{} is not a child order's status", message.status)))?;
    let news = ChildNews {
        order: read(&message.order)?,
        sequence: message.sequence,
        status,
        reason: message.reason.clone(),
        parcel: parcel(&message.carrier, &message.tracking_number)?,
    };
    of_group(&message.group, GroupAsk::NoteChild(news))
}

fn note_what_came_back(message: &wire::ShareRefunded, _: &Heard<'_>) -> Asked {
    let (order, amount) = (read(&message.order)?, money(message.amount.as_ref())?);
    of_group(&message.group, GroupAsk::NoteRefund { order, amount })
}

fn place_child_for_group(message: &wire::PlaceChild, _: &Heard<'_>) -> Asked {
    let child = message.child.as_ref();
    let draft = child_draft(child.ok_or_else(|| Unreadable("there is no child order".into()))?)?;
    let order = draft.order.clone();
    let placement = Placement {
        group: read(&message.group)?,
        buyer: read(&message.buyer)?,
        number: message.number.clone(),
        draft,
        address: address(message.address.as_ref())?,
        payment_method: read(&message.payment_method)?,
    };
    Ok(Command::Child { order, ask: ChildAsk::Place(Box::new(placement)) })
}

fn confirm_child_with_its_group(message: &wire::ConfirmChild, _: &Heard<'_>) -> Asked {
    let answer_until = Timestamp::from_millis(message.answer_until_ms);
    of_child(&message.order, ChildAsk::Confirm { answer_until })
}

fn cancel_child_for_group(message: &wire::CancelChild, _: &Heard<'_>) -> Asked {
    of_child(&message.order, ChildAsk::Cancel { reason: message.reason.clone() })
}

fn lapse_when_unanswered(message: &wire::AnswerDue, _: &Heard<'_>) -> Asked {
    of_child(&message.order, ChildAsk::Lapse)
}

fn of_group(group: &str, ask: GroupAsk) -> Asked {
    Ok(Command::Group { group: read(group)?, ask })
}

fn of_child(order: &str, ask: ChildAsk) -> Asked {
    Ok(Command::Child { order: read(order)?, ask })
}

fn child_draft(draft: &wire::ChildDraft) -> Result<ChildDraft, Unreadable> {
    let lines = draft.lines.iter().map(line).collect::<Result<_, _>>()?;
    let basis_points = number(draft.commission_basis_points)?;
    let ids = (read(&draft.order)?, read(&draft.vendor)?, read(&draft.reservation)?);
    let fee = money(draft.delivery_fee.as_ref())?;
    ChildDraft::new(ids, lines, fee, basis_points).map_err(Unreadable::because)
}

fn line(line: &wire::OrderLine) -> Result<Line, Unreadable> {
    Ok(Line {
        offer: read(&line.offer)?,
        product: line.product.clone(),
        title: Title::read(line.title.as_ref()),
        quantity: number(line.quantity)?,
        price: money(line.price.as_ref())?,
    })
}

fn parcel(carrier: &str, tracking_number: &str) -> Result<Option<Parcel>, Unreadable> {
    if carrier.is_empty() {
        return Ok(None);
    }
    let number = Some(tracking_number).filter(|number| !number.is_empty());
    let tracking_number = number.map(read).transpose()?;
    Ok(Some(Parcel { carrier: read(carrier)?, tracking_number }))
}
