//! A connection that speaks HTTP/1.1: one request after the other, each with a head that has one meaning.

use std::{io, sync::Arc, time::Duration};

use base_fault::{Code, Fault};
use pingora::{apps::HttpServerApp as _, protocols::http::ServerSession};
use tokio::time::{Instant, timeout_at};

use crate::{
    connection::Connection,
    doors::Doors,
    head::{Head, HeadReader},
    recall,
};

/// How long an idle connection stays open once the router stops: a request may be on its way.
const LAST_CALL: Duration = Duration::from_millis(500);

/// Why there is no next head.
enum Silence {
    /// The connection is over.
    Over,
    Refused(Fault),
}

impl Doors {
    /// Serves the connection until it ends.
    pub(crate) async fn speak_http1(self: &Arc<Self>, mut client: Connection) {
        loop {
            let text = match self.next_head(&mut client).await {
                Ok(head) => client.begin(head.len, head.framing),
                Err(Silence::Over) => return,
                Err(Silence::Refused(fault)) => return self.refuse(client, &fault).await,
            };
            let text = match text {
                Ok(text) => text,
                Err(wrong) => {
                    let fault = Fault::caller(Code::Malformed, wrong.to_string());
                    return self.refuse(client, &fault).await;
                }
            };
            let recall = Arc::clone(&client.recall);
            let mut session = ServerSession::new_http1(Box::new(client));
            session.set_pipelined_prefix(text);
            let served = self.proxy.process_new_http(session, &self.stopping);
            let Some(served) = recall::within(recall, served).await else {
                return;
            };
            let (stream, _) = served.consume();
            match stream.into_any().downcast::<Connection>() {
                Ok(same) if same.is_between_requests() => client = *same,
                _ => return,
            }
        }
    }

    /// Waits for the next request and reads its head.
    async fn next_head(&self, client: &mut Connection) -> Result<Head, Silence> {
        let mut reader = HeadReader::default();
        if client.ahead().is_empty() {
            self.wait(client).await?;
        }
        let until = Instant::now() + self.entrance.head();
        loop {
            match reader.read(client.ahead()) {
                Ok(Some(head)) => return Ok(head),
                Ok(None) => {}
                Err(fault) => return Err(Silence::Refused(fault)),
            }
            let Ok(read) = timeout_at(until, client.read_ahead()).await else {
                let text = "the head of the request did not arrive in time";
                return Err(Silence::Refused(Fault::caller(Code::TooSlow, text)));
            };
            if over(&read) {
                let text = "the head of the request is not whole";
                return Err(Silence::Refused(Fault::caller(Code::Malformed, text)));
            }
        }
    }

    /// Waits until the client says something.
    async fn wait(&self, client: &mut Connection) -> Result<(), Silence> {
        let mut stopping = self.stopping.clone();
        let mut until = Instant::now() + self.entrance.idle();
        let mut last_call = *stopping.borrow();
        if last_call {
            until = Instant::now() + LAST_CALL;
        }
        loop {
            let read = tokio::select! {
                biased;
                read = timeout_at(until, client.read_ahead()) => read,
                _ = stopping.wait_for(|stopping| *stopping), if !last_call => {
                    last_call = true;
                    until = until.min(Instant::now() + LAST_CALL);
                    continue;
                }
            };
            return match read {
                Ok(read) if !over(&read) => Ok(()),
                _ => Err(Silence::Over),
            };
        }
    }
}

fn over(read: &io::Result<usize>) -> bool {
    matches!(read, Ok(0) | Err(_))
}
