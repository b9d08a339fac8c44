//! A stand-in cell that keeps every byte that reaches it and answers whatever looks like a request.

use std::{net::SocketAddr, path::Path, sync::Arc};

use parking_lot::Mutex;
use router_server::{Config, Router, RunningRouter};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::fleet::{config, keep, table_of};

/// A router with one recording cell behind it.
pub(crate) struct Recorder {
    pub(crate) router: RunningRouter,
    bytes: Arc<Mutex<Vec<u8>>>,
    directory: TempDir,
}

impl Recorder {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let bytes = Arc::default();
        let cell = record(Arc::clone(&bytes)).await;
        let directory = tempfile::tempdir().unwrap();
        keep(directory.path(), &table_of(1, &[cell], &[]));
        let mut config = config(directory.path());
        change(&mut config);
        let router = Router::start(config).await.unwrap();
        Self { router, bytes, directory }
    }

    /// Where the router keeps its files.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// All that has reached the cell.
    pub(crate) fn recorded(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock()).into_owned()
    }
}

async fn record(bytes: Arc<Mutex<Vec<u8>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&bytes)));
        }
    });
    address
}

/// Answers each request once its body is there; after an upgrade sends back what comes.
async fn answer(mut stream: TcpStream, bytes: Arc<Mutex<Vec<u8>>>) {
    let (mut said, mut piece) = (Vec::new(), [0; 4096]);
    let mut upgraded = false;
    while let Ok(len @ 1..) = stream.read(&mut piece).await {
        bytes.lock().extend_from_slice(&piece[..len]);
        said.extend_from_slice(&piece[..len]);
        let text = String::from_utf8_lossy(&said).to_ascii_lowercase();
        let word: &[u8] = if upgraded {
            &piece[..len]
        } else if !is_whole(&text) {
            continue;
        } else if text.contains("upgrade: websocket") {
            upgraded = true;
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        } else {
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        };
        said.clear();
        if stream.write_all(word).await.is_err() {
            return;
        }
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: Option<usize> = length.and_then(|length| length.parse().ok());
    match length {
        Some(length) => body.len() >= length,
        None => !head.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n"),
    }
}
