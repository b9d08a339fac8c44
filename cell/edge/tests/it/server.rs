//! The server on its port: both protocols, bounds on heads, an orderly end.

use std::{net::SocketAddr, time::Duration};

use cell_edge::EdgeConfig;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::house::{House, answered, shopper, soon, unlocked};

/// Runs `talk` with the house's address and the means to stop it.
async fn served(house: &House, talk: impl AsyncFnOnce(SocketAddr, oneshot::Sender<()>)) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = house.edge.serve(listener, unlocked(), stopped.map(|_| ()));
    soon(async { tokio::join!(serving, talk(address, stop)) }).await;
}

async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

async fn hear(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    // A connection that is reset has still said what it had said.
    let _ = stream.read_to_end(&mut heard).await;
    String::from_utf8_lossy(&heard).into_owned()
}

fn plain(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: souk\r\nconnection: close\r\n{more}\r\n")
}

#[tokio::test]
async fn both_protocols_are_served_on_one_port() {
    let house = House::new().await;
    served(&house, async |address, stop| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        say(&mut stream, &plain("/v1/nowhere", "")).await;
        assert!(hear(&mut stream).await.starts_with("HTTP/1.1 404 Not Found\r\n"));
        // The preface of HTTP/2 and an empty SETTINGS frame are answered with SETTINGS.
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        assert_eq!(head[3], 4);
        drop(stream);
        stop.send(()).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_head_that_is_too_large_or_never_ends_is_cut_off() {
    let house = House::with(EdgeConfig { head_timeout_ms: 50, ..EdgeConfig::default() }).await;
    served(&house, async |address, stop| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let more = format!("x-large: {}\r\n", "x".repeat(100_000));
        // The server may hang up in the middle.
        let _ = stream.write_all(plain("/v1/offers", &more).as_bytes()).await;
        let heard = hear(&mut stream).await;
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 431 "), "{heard}");
        let mut slow = TcpStream::connect(address).await.unwrap();
        say(&mut slow, "GET /v1/offers HTTP/1.1\r\nhost:").await;
        let heard = hear(&mut slow).await;
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 408 "), "{heard}");
        stop.send(()).unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_stop_lets_requests_end_and_ends_streams() {
    let house = House::new().await;
    let (begin, begun) = oneshot::channel();
    let begin = parking_lot::Mutex::new(Some(begin));
    house.answer_later(move |_| {
        let begin = begin.lock().take();
        Box::pin(async move {
            begin.unwrap().send(()).unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(answered(Vec::new(), 0))
        })
    });
    house.show(|_| Ok(stream::once(async { Ok(Vec::new()) }).chain(stream::pending()).boxed()));
    served(&house, async |address, stop| {
        let proven = format!("authorization: {}\r\n", shopper());
        let mut waiting = TcpStream::connect(address).await.unwrap();
        say(&mut waiting, &plain("/v1/users/me/profile", &proven)).await;
        let mut watching = TcpStream::connect(address).await.unwrap();
        say(&mut watching, &plain("/v1/users/me/orders/o1:watch", &proven)).await;
        begun.await.unwrap();
        let mut first = [0; 12];
        watching.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        stop.send(()).unwrap();
        assert!(hear(&mut waiting).await.starts_with("HTTP/1.1 200 OK\r\n"));
        let rest = hear(&mut watching).await;
        assert!(!rest.contains("event: end"), "the order has not ended: {rest}");
    })
    .await;
}
