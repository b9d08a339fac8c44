//! Server streams over REST: server-sent events, with signs of life while nothing changes.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    response::{
        IntoResponse as _,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::StreamExt as _;
use http::Response;
use tokio::sync::OwnedSemaphorePermit;

use crate::{Changes, answer::Told, contract::Method, office::Office, show};

/// `change` for each item, counted by `id`; `end` when nothing more can change; `error` with a problem when it broke. A stream that
/// just stops (the process goes, the stream is old) is opened again by the client, as `EventSource` does by itself.
pub(crate) fn response(
    office: Arc<Office>,
    method: Arc<Method>,
    mut changes: Changes,
    request_id: String,
    place: OwnedSemaphorePermit,
) -> Response<Body> {
    let heartbeat = KeepAlive::new().interval(office.config.heartbeat()).text("still here");
    let events = async_stream::stream! {
        let _held = (place, office.count.stream());
        let end = tokio::time::sleep(office.config.stream_max());
        tokio::pin!(end);
        let mut number: u64 = 0;
        loop {
            let item = tokio::select! {
                item = changes.next() => item,
                () = &mut end => break,
                () = office.stopping.cancelled() => break,
            };
            let shown = match item {
                None => {
                    yield Ok::<_, Infallible>(Event::default().event("end").data("{}"));
                    break;
                }
                Some(Ok(bytes)) => show::json(&method.output, &bytes, None).map_err(Told::from),
                Some(Err(no)) => Err(Told::from(no)),
            };
            match shown {
                Ok(json) => {
                    number += 1;
                    let data = String::from_utf8_lossy(&json);
                    yield Ok(Event::default().event("change").id(number.to_string()).data(data));
                }
                Err(told) => {
                    yield Ok(Event::default().event("error").data(told.problem(&request_id)));
                    break;
                }
            }
        }
    };
    Sse::new(events).keep_alive(heartbeat).into_response()
}
