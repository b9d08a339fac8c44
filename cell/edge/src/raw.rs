//! Bytes as they are: streamed between a caller and the shelf, never held whole, never shown as anything but a file.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use base_fault::{Code, Fault, Source, chain};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, request::Parts};
use prost::Message as _;
use souk_proto::souk::v1::{BytesRule, KeptBytes};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tracing::Instrument as _;

use crate::{
    answer::Told,
    arrival,
    contract::Method,
    office::{Admitted, Errand, Office, too_large},
    shelf::{Pieces, Said},
    show,
};

/// How long a client is asked to wait when as many files are on their way as may be.
const FULL_FOR: Duration = Duration::from_secs(5);
/// How much of the hash is in the name of the file that a browser saves.
const FILE_STEM_LEN: usize = 16;

/// A request for bytes that was let in.
pub(crate) struct Shelved<'r> {
    pub(crate) office: &'r Arc<Office>,
    pub(crate) method: &'r Arc<Method>,
    pub(crate) rule: &'r BytesRule,
    /// The bytes' name; it ends with their hash.
    pub(crate) name: &'r str,
}

impl Shelved<'_> {
    /// Takes the body, and answers when it is kept.
    pub(crate) async fn take(
        &self,
        head: &Parts,
        body: Body,
        errand: &Errand,
        admitted: &Admitted,
    ) -> Result<Response<Body>, Told> {
        let Self { office, name, .. } = self;
        let said = self.said(&head.headers)?;
        office.desk.owns(&admitted.tenant, true)?;
        let place = place(&office.uploads, "sent")?;
        let pieces = arriving(body, self.until(&said, &head.headers, errand, admitted));
        // Goes on though the client hangs up: then the pieces break off, and what has come of them is taken away.
        let keeping = {
            let (office, name, said) = (Arc::clone(office), (*name).to_owned(), said.clone());
            async move {
                let _place = place;
                office.shelf.keep(&name, said, pieces).await
            }
        };
        let kept = office.running.spawn(keeping.in_current_span()).await;
        kept.map_err(|_| office.panicked(errand))?.map_err(|fault| self.logged(fault))?;
        // Where the tenant has gone meanwhile nobody would find them.
        office.desk.owns(&admitted.tenant, true)?;
        self.kept(said)
    }

    fn kept(&self, said: Said) -> Result<Response<Body>, Told> {
        let kept = KeptBytes {
            blob: self.name.to_owned(),
            sha256: self.sha256().to_owned(),
            media_type: said.media_type,
            size_bytes: said.size.cast_signed(),
        };
        let json = show::json(&self.method.output, &kept.encode_to_vec(), None)?;
        let mut response = Response::new(Body::from(json));
        let headers = response.headers_mut();
        insert(headers, header::CONTENT_TYPE, "application/json");
        insert(headers, header::CACHE_CONTROL, "no-store");
        Ok(response)
    }

    /// Gives the bytes, all of them: whether they are right is known at their end only, so there are no ranges.
    pub(crate) async fn give(
        &self,
        asked: &HeaderMap,
        admitted: &Admitted,
    ) -> Result<Response<Body>, Told> {
        let Self { office, name, .. } = self;
        office.desk.owns(&admitted.tenant, false)?;
        let place = place(&office.downloads, "read")?;
        let found = tokio::time::timeout_at(admitted.until, office.shelf.fetch(name)).await;
        let found = found.map_err(|_| {
            let text = "the answer did not come in time";
            Fault::downstream(Code::DeadlineExceeded, Duration::from_secs(1), text)
        })?;
        let found = found.map_err(|fault| self.logged(fault))?;
        let found = found
            .ok_or_else(|| Fault::caller(Code::NotFound, format!("nothing is kept as `{name}`")))?;
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        // What belongs to one caller is kept by nobody whom it passes; who has it may ask whether it still is there.
        insert(headers, header::CACHE_CONTROL, "no-store");
        let etag = format!("\"{}\"", self.sha256());
        insert(headers, header::ETAG, &etag);
        if arrival::has_tag(asked, &etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        let stem: String = self.sha256().chars().take(FILE_STEM_LEN).collect();
        let file = format!("attachment; filename=\"{stem}.{}\"", found.extension);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(found.size));
        insert(headers, header::CONTENT_TYPE, &found.media_type);
        insert(headers, header::ACCEPT_RANGES, "none");
        // What somebody sent is saved as a file. A browser neither shows it nor takes it for anything else, and runs nothing in it.
        insert(headers, header::CONTENT_DISPOSITION, &file);
        insert(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        insert(headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
        // Whoever reads too slowly is cut off: the answer then lacks what its length promises.
        let end = tokio::time::sleep(office.config.stream_max());
        let pieces = found.pieces.inspect(move |piece| {
            let _held = &place;
            if let Err(fault) = piece {
                tracing::error!(code = fault.code().as_str(), "{}", chain(fault));
            }
        });
        *response.body_mut() = Body::from_stream(pieces.take_until(end));
        Ok(response)
    }

    fn sha256(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// What the head says of the body, if it may be so.
    fn said(&self, headers: &HeaderMap) -> Result<Said, Fault> {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        if text(&header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            let text = "the bytes are taken as they are";
            return Err(Fault::invalid_field("Content-Encoding", text));
        }
        let media_type = text(&header::CONTENT_TYPE).unwrap_or_default();
        if !self.rule.media_types.iter().any(|taken| taken == media_type) {
            let text = format!("expected one of {}", self.rule.media_types.join(", "));
            return Err(Fault::invalid_field("Content-Type", text));
        }
        let length = |problem: &str| Fault::invalid_field("Content-Length", problem);
        let size: Option<u64> =
            text(&header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let size_max = self.rule.size_max.cast_unsigned();
        match size {
            None => Err(length("does not say how many bytes come")),
            Some(0) => Err(length("is 0; there is nothing to keep")),
            Some(size) if size > size_max => {
                Err(too_large(usize::try_from(size_max).unwrap_or(usize::MAX)))
            }
            Some(size) => Ok(Said { size, media_type: media_type.to_owned() }),
        }
    }

    /// Until when bytes may come: as the caller says, or as long as so many take over a slow line.
    fn until(
        &self,
        said: &Said,
        headers: &HeaderMap,
        errand: &Errand,
        admitted: &Admitted,
    ) -> Instant {
        if arrival::says_patience(headers) {
            return admitted.until;
        }
        errand.started + self.office.config.upload_max(said.size)
    }

    /// Tells whoever is on duty what the caller does not hear.
    fn logged(&self, fault: Fault) -> Fault {
        if fault.origin() == Source::Caller {
            tracing::debug!(code = fault.code().as_str(), "{}", chain(&fault));
        } else {
            let method = &self.method.name;
            tracing::error!(code = fault.code().as_str(), %method, "{}", chain(&fault));
        }
        fault
    }
}

/// A body's bytes, which end with a fault if they break off or do not all come in time.
fn arriving(body: Body, until: Instant) -> Pieces {
    let pieces = stream::unfold(Some((body.into_data_stream(), until)), async |left| {
        let (mut body, until) = left?;
        let (code, text) = match tokio::time::timeout_at(until, body.next()).await {
            Ok(None) => return None,
            Ok(Some(Ok(piece))) => return Some((Ok(piece), Some((body, until)))),
            Ok(Some(Err(_))) => (Code::Malformed, "the body broke off"),
            Err(_) => {
                (Code::TooSlow, "the bytes did not come in time; sending them again is harmless")
            }
        };
        Some((Err(Fault::caller(code, text)), None))
    });
    pieces.boxed()
}

/// A place among the files that are on their way. Who gets none is not told that the cell is busy: it is not, and its router would send it
/// less of everything.
fn place(places: &Arc<Semaphore>, how: &str) -> Result<OwnedSemaphorePermit, Fault> {
    Arc::clone(places).try_acquire_owned().map_err(|_| {
        let text = format!("as many files are being {how} as may be at once; try again in a while");
        Fault::downstream(Code::Unavailable, FULL_FOR, text)
    })
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}
