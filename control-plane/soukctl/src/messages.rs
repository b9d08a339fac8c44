//! `messages dead list|replay|drop` and `messages waiting`.

use futures_util::future::join_all;
use serde::Serialize;
use souk_proto_fleet::v1::{
    DeadLetter, DeadLetterRequest, DeadLetterResponse, ListDeadLettersRequest, ListWaitingRequest,
    WaitingFor,
};

use crate::{
    out::{View, columns},
    reach::{CellLine, Reach},
    streams::last_word,
    trouble::Trouble,
    zone::{At, Zone},
};

/// Dead letters of the cells that answered.
#[derive(Debug, Default, Serialize)]
pub(crate) struct DeadLetters {
    letters: Vec<Letter>,
    not_reached: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Letter {
    cell: String,
    id: String,
    kind: String,
    from: String,
    to: String,
    tries: u32,
    parked: At,
    why: String,
}

impl DeadLetters {
    pub(crate) fn add(&mut self, cell: &str, letters: Vec<DeadLetter>) {
        self.letters.extend(letters.into_iter().map(|letter| {
            let message = letter.message.unwrap_or_default();
            let to = match message.to_tenant.as_str() {
                "" => "everyone".to_owned(),
                tenant => format!("{tenant} ({})", message.to_service),
            };
            Letter {
                cell: cell.to_owned(),
                id: hex::encode(&message.id),
                from: format!("{}@{}", message.from_stream, message.from_version),
                kind: message.kind,
                to,
                tries: letter.tries,
                parked: At::millis(letter.parked_ms),
                why: letter.why,
            }
        }));
    }

    pub(crate) fn not_reached(&mut self, trouble: &Trouble) {
        self.not_reached.push(trouble.text().to_owned());
    }
}

/// Says which cells did not answer; a list without them is not the whole one.
fn missing(not_reached: &[String]) -> String {
    not_reached.iter().map(|text| format!("not reached: {text}\n")).collect()
}

fn exit_code(not_reached: &[String]) -> u8 {
    if not_reached.is_empty() { 0 } else { Trouble::EXIT_UNREACHABLE }
}

impl View for DeadLetters {
    fn text(&self, zone: &Zone) -> String {
        let rows = self.letters.iter().map(|letter| {
            [
                letter.cell.clone(),
                letter.id.clone(),
                last_word(&letter.kind).to_owned(),
                letter.from.clone(),
                letter.to.clone(),
                letter.tries.to_string(),
                zone.show(letter.parked),
                letter.why.clone(),
            ]
        });
        let header = ["CELL", "ID", "MESSAGE", "FROM", "TO", "TRIES", "PARKED", "WHY"];
        columns(header, rows, "no dead letters") + &missing(&self.not_reached)
    }

    fn exit_code(&self) -> u8 {
        exit_code(&self.not_reached)
    }
}

/// Messages that wait in the cells that answered.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Waiting {
    waiting: Vec<Queue>,
    not_reached: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Queue {
    from: String,
    to: String,
    messages: u64,
    oldest: At,
}

impl Waiting {
    pub(crate) fn add(&mut self, cell: &str, waiting: Vec<WaitingFor>) {
        self.waiting.extend(waiting.into_iter().map(|queue| Queue {
            from: cell.to_owned(),
            to: queue.cell,
            messages: queue.messages,
            oldest: At::millis(queue.oldest_ms),
        }));
    }
}

impl View for Waiting {
    fn text(&self, zone: &Zone) -> String {
        let rows = self.waiting.iter().map(|queue| {
            [
                queue.from.clone(),
                queue.to.clone(),
                queue.messages.to_string(),
                zone.show(queue.oldest),
            ]
        });
        let table =
            columns(["IN CELL", "FOR CELL", "MESSAGES", "OLDEST"], rows, "no message waits");
        table + &missing(&self.not_reached)
    }

    fn exit_code(&self) -> u8 {
        exit_code(&self.not_reached)
    }
}

/// What became of one dead letter.
#[derive(Debug, Serialize)]
pub(crate) struct Done {
    pub(crate) cell: String,
    pub(crate) text: String,
}

impl View for Done {
    fn text(&self, _: &Zone) -> String {
        format!("{}: {}\n", self.cell, self.text)
    }
}

pub(crate) async fn dead(
    reach: &Reach,
    cell: Option<&str>,
    limit: u32,
) -> Result<DeadLetters, Trouble> {
    let lines = reach.cell_lines(cell).await?;
    let mut found = DeadLetters::default();
    for (line, letters) in lines.iter().zip(letters_of(&lines, limit).await) {
        match letters {
            Ok(letters) => found.add(&line.id, letters),
            Err(trouble) => found.not_reached(&trouble),
        }
    }
    Ok(found)
}

async fn letters_of(lines: &[CellLine], limit: u32) -> Vec<Result<Vec<DeadLetter>, Trouble>> {
    let asked = lines.iter().map(|line| async move {
        let request = ListDeadLettersRequest { limit };
        let answer = line.ask(async |admin| admin.list_dead_letters(request).await).await?;
        Ok(answer.letters)
    });
    join_all(asked).await
}

pub(crate) async fn waiting(reach: &Reach, cell: Option<&str>) -> Result<Waiting, Trouble> {
    // Each pod sends what was told in it.
    let lines = reach.pod_lines(cell).await?;
    let asked = lines
        .iter()
        .map(|line| line.ask(async |admin| admin.list_waiting(ListWaitingRequest {}).await));
    let mut found = Waiting::default();
    for (line, answer) in lines.iter().zip(join_all(asked).await) {
        match answer {
            Ok(answer) => found.add(&line.id, answer.cells),
            Err(trouble) => found.not_reached.push(trouble.text().to_owned()),
        }
    }
    Ok(found)
}

/// What to do with a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Replay,
    Drop,
}

/// Does it in the cell that is named, or in the one that holds the letter.
pub(crate) async fn settle(
    reach: &Reach,
    deed: Deed,
    id: &str,
    cell: Option<&str>,
) -> Result<Done, Trouble> {
    let bytes = bytes_of_hex(id).ok_or_else(|| {
        Trouble::Usage(format!(
            "`{id}` is not a message's id: expected 32 hex digits, as `messages dead list` shows"
        ))
    })?;
    let lines = reach.cell_lines(cell).await?;
    let line = holder(&lines, &bytes, id).await?;
    let request = DeadLetterRequest { id: bytes.into() };
    let DeadLetterResponse { text } = line
        .ask(async |admin| match deed {
            Deed::Replay => admin.replay_dead_letter(request).await,
            Deed::Drop => admin.drop_dead_letter(request).await,
        })
        .await?;
    Ok(Done { cell: line.id.clone(), text })
}

async fn holder<'l>(
    lines: &'l [CellLine],
    bytes: &[u8],
    id: &str,
) -> Result<&'l CellLine, Trouble> {
    if let [only] = lines {
        return Ok(only);
    }
    let mut silent = None;
    for (line, letters) in lines.iter().zip(letters_of(lines, u32::MAX).await) {
        let holds = |letter: &DeadLetter| {
            letter.message.as_ref().is_some_and(|message| message.id == bytes)
        };
        match letters {
            Ok(letters) if letters.iter().any(holds) => return Ok(line),
            Ok(_) => {}
            Err(trouble) => silent = Some(trouble),
        }
    }
    // A cell that does not answer may be the one that holds it.
    Err(silent.unwrap_or_else(|| {
        Trouble::Refused(format!(
            "no cell has a dead letter {id}; see `soukctl messages dead list`"
        ))
    }))
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.replace('-', "")).ok().filter(|bytes| bytes.len() == 16)
}

#[cfg(test)]
mod tests {
    use super::bytes_of_hex;

    #[test]
    fn an_id_is_read_with_and_without_dashes() {
        let id = "0190a6b2c3d4e5f60718293a4b5c6d7e";
        let dashed = "0190a6b2-c3d4-e5f6-0718-293a4b5c6d7e";
        assert_eq!(bytes_of_hex(id), bytes_of_hex(dashed));
        assert_eq!(bytes_of_hex(id).unwrap().len(), 16);
        for wrong in ["", "0190", &"é".repeat(16), &"g".repeat(32)] {
            assert_eq!(bytes_of_hex(wrong), None, "{wrong}");
        }
    }
}
