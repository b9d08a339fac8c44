//! The stand-in for a cell: answers every request with the same kilobyte, as cheaply as it can.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Where the head of a request ends. Requests have no body here.
const END: &[u8] = b"\r\n\r\n";

/// Answers on all of these addresses until the process ends.
pub async fn serve(addresses: &[SocketAddr], answer_len: usize) -> anyhow::Result<()> {
    let answer: &'static [u8] = answer(answer_len).leak();
    let mut listeners = JoinSet::new();
    for address in addresses {
        let listener = TcpListener::bind(address).await.with_context(|| address.to_string())?;
        listeners.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(answer_all(client, answer));
            }
        });
    }
    while listeners.join_next().await.is_some() {}
    Ok(())
}

fn answer(len: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: no-store\r\ncontent-length: {len}\r\n\r\n"
    );
    let mut answer = head.into_bytes();
    answer.resize(answer.len() + len, b'a');
    answer
}

async fn answer_all(mut client: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut waiting = Vec::with_capacity(8 << 10);
    loop {
        if client.read_buf(&mut waiting).await? == 0 {
            return Ok(());
        }
        while let Some(end) = waiting.windows(END.len()).position(|window| window == END) {
            waiting.drain(..end + END.len());
            client.write_all(answer).await?;
        }
    }
}
