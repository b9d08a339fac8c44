//! A client's connection as Pingora reads and writes it: each message by itself, and not a byte of what follows it.

use std::{
    io::{Error, ErrorKind, Result},
    mem::{MaybeUninit, take},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::{Buf as _, BytesMut};
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    Stream, TimingDigest, UniqueID, UniqueIDType,
    raw_connect::ProxyDigest,
    tls::{SslDigest, TlsRef},
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::{budget::Budget, chunks::Chunks, head::Framing, recall::Recall};

/// Bytes that are gathered before they are sent, so that a head and a short body leave together.
const OUT_BYTES_MAX: usize = 8 * 1024;
/// Bytes of the next request that are read before their time.
const AHEAD_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a chunked body that are handed on at a time. Who reads one ahead keeps what it has read, and must not be given more
/// than it has room for.
pub(crate) const PIECE_BYTES_MAX: usize = 8 * 1024;
/// How long what a refused client still sends is read, so that it sees the answer and not a reset.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 1 << 20;

/// What the bytes that come in belong to.
#[derive(Debug)]
enum Body {
    /// So many bytes of a body; then nothing until the next head is asked for.
    Length(u64),
    Chunked(Chunks),
    /// Everything: HTTP/2, or what a WebSocket says.
    Open,
}

/// A client's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    /// Has been read and is not handed on yet.
    ahead: BytesMut,
    /// Has been written and is not sent yet.
    out: BytesMut,
    body: Body,
    /// Of a connection that speaks HTTP/2: what it may still send beside requests.
    budget: Option<Budget>,
    /// Ends the wait for the client in the middle of a request, once.
    pub(crate) recall: Arc<Recall>,
    recalled: bool,
}

impl Connection {
    pub(crate) fn new(stream: Stream) -> Self {
        let (ahead, out) = (BytesMut::new(), BytesMut::new());
        let (body, recall) = (Body::Length(0), Arc::default());
        Self { stream, ahead, out, body, budget: None, recall, recalled: false }
    }

    /// What has been read and is not handed on.
    pub(crate) fn ahead(&self) -> &[u8] {
        &self.ahead
    }

    /// Reads more of a head; 0 at the end of the connection.
    pub(crate) async fn read_ahead(&mut self) -> Result<usize> {
        self.ahead.reserve(1024);
        self.stream.read_buf(&mut self.ahead).await
    }

    /// Takes a head off; what is read next is its body. Fails if what has arrived of the body is none.
    pub(crate) fn begin(&mut self, len: usize, framing: Framing) -> Result<BytesMut> {
        self.body = match framing {
            Framing::Length(length) => Body::Length(length),
            Framing::Chunked => Body::Chunked(Chunks::new()),
            Framing::WebSocket => Body::Open,
        };
        // Whole buffers change hands without becoming shared ones.
        let whole = self.ahead.len() == len;
        let head = if whole { take(&mut self.ahead) } else { self.ahead.split_to(len) };
        if let Body::Chunked(chunks) = &self.body {
            // Walked over again as it is handed on; here only to refuse it before a cell hears of the request.
            let mut chunks = *chunks;
            chunks.walk(&self.ahead).map_err(not_a_body)?;
        }
        Ok(head)
    }

    /// From now on the connection speaks HTTP/2, within `budget`.
    pub(crate) fn begin_http2(&mut self, budget: Budget) {
        (self.body, self.budget) = (Body::Open, Some(budget));
    }

    /// Whether the body of the last head has been read to its end.
    pub(crate) fn is_between_requests(&self) -> bool {
        match &self.body {
            Body::Length(left) => *left == 0,
            Body::Chunked(chunks) => chunks.is_over(),
            Body::Open => false,
        }
    }

    /// Says the last word of a connection whose client may still be sending.
    pub(crate) async fn part(mut self, word: &[u8]) {
        let said = async {
            self.write_all(word).await?;
            AsyncWriteExt::shutdown(&mut self).await
        };
        if !matches!(tokio::time::timeout(LINGER, said).await, Ok(Ok(()))) {
            return;
        }
        let heard = async {
            let (mut heard, mut piece) = (0, [0; 1024]);
            while let Ok(len @ 1..) = self.stream.read(&mut piece).await {
                heard += len;
                if heard > LINGER_BYTES_MAX {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, heard).await;
    }

    /// How many of these bytes belong to the current message.
    fn own(&mut self, bytes: &[u8]) -> Result<usize> {
        match &mut self.body {
            Body::Length(left) => {
                let own = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                *left -= own as u64;
                Ok(own)
            }
            Body::Chunked(chunks) => chunks.walk(bytes).map_err(not_a_body),
            Body::Open => {
                let held = |budget: &mut Budget| budget.holds(bytes, Instant::now());
                if self.budget.as_mut().is_none_or(held) {
                    return Ok(bytes.len());
                }
                Err(Error::other("too many frames that ask for nothing"))
            }
        }
    }

    /// Between requests: sees whether the client leaves, and keeps what it says before its time.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while self.ahead.len() < AHEAD_BYTES_MAX {
            let mut piece = [MaybeUninit::uninit(); 512];
            let mut piece = ReadBuf::uninit(&mut piece);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.ahead.extend_from_slice(piece.filled());
        }
        Poll::Pending
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while !self.out.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.out))?;
            if sent == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.out.advance(sent);
        }
        Poll::Ready(Ok(()))
    }
}

fn not_a_body(wrong: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, wrong)
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let this = self.get_mut();
        if !this.recalled && this.recall.poll_given(cx).is_ready() {
            this.recalled = true;
            return Poll::Ready(Err(Error::other("the request was recalled")));
        }
        if this.is_between_requests() {
            return this.poll_silence(cx);
        }
        if this.ahead.is_empty() && matches!(this.body, Body::Chunked(_)) {
            let mut piece = [MaybeUninit::uninit(); PIECE_BYTES_MAX];
            let mut piece = ReadBuf::uninit(&mut piece);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut piece))?;
            if piece.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.ahead.extend_from_slice(piece.filled());
        }
        if this.ahead.is_empty() {
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
            let own = this.own(&buf.filled()[before..])?;
            this.ahead.extend_from_slice(&buf.filled()[before + own..]);
            buf.set_filled(before + own);
        } else {
            let ahead = take(&mut this.ahead);
            let own = this.own(&ahead[..ahead.len().min(buf.remaining()).min(PIECE_BYTES_MAX)]);
            this.ahead = ahead;
            let own = own?;
            buf.put_slice(&this.ahead[..own]);
            this.ahead.advance(own);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        if this.out.len() + buf.len() > OUT_BYTES_MAX {
            ready!(this.poll_send(cx))?;
        }
        if buf.len() >= OUT_BYTES_MAX {
            return Pin::new(&mut this.stream).poll_write(cx, buf);
        }
        this.out.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

#[async_trait]
impl Shutdown for Connection {
    async fn shutdown(&mut self) {
        // A client that reads nothing more does not keep the connection open.
        let _ = tokio::time::timeout(LINGER, AsyncWriteExt::shutdown(self)).await;
    }
}

impl Ssl for Connection {
    fn get_ssl(&self) -> Option<&TlsRef> {
        self.stream.get_ssl()
    }

    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        // Also without TLS, where the first bytes said so.
        if self.budget.is_some() { Some(ALPN::H2) } else { self.stream.selected_alpn_proto() }
    }
}

impl UniqueID for Connection {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl GetTimingDigest for Connection {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl GetProxyDigest for Connection {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl GetSocketDigest for Connection {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}

impl Peek for Connection {}
