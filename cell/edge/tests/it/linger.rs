//! Early answers, heard by clients that send all before they listen.

use std::{net::SocketAddr, sync::atomic::Ordering};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use http::{Request, Version};
use http_body_util::BodyExt as _;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::{
    house::{House, get, shopper, soon, staff_of, unlocked},
    raw::{NAME, picture},
};

const REFUSED: &str = "users/u1/pictures/refused";

/// Runs `talk` with the address of the house, which is served meanwhile.
async fn served(house: &House, talk: impl AsyncFnOnce(SocketAddr)) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = house.edge.serve(listener, unlocked(), stopped.map(|_| ()));
    let talk = async {
        talk(address).await;
        stop.send(()).unwrap();
    };
    soon(async { tokio::join!(serving, talk) }).await;
}

fn put(path: &str, who: &str, kind: &str, len: usize, more: &str) -> String {
    format!(
        "PUT /v1/{path} HTTP/1.1\r\nhost: souk\r\nauthorization: {who}\r\ncontent-type: {kind}\r\ncontent-length: {len}\r\n{more}\r\n"
    )
}

/// Sends so many zeros; says how many went.
async fn send(stream: &mut TcpStream, len: usize) -> usize {
    let zeros = vec![0; 64 << 10];
    let mut left = len;
    while left > 0 {
        let piece = &zeros[..left.min(zeros.len())];
        if stream.write_all(piece).await.is_err() {
            break;
        }
        left -= piece.len();
    }
    len - left
}

async fn hear_all(stream: &mut TcpStream) -> String {
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    heard
}

#[tokio::test]
async fn who_sends_all_before_it_listens_hears_why_it_was_refused() {
    let (house, shopper) = (House::new().await, shopper());
    let elsewhere = NAME.replace("u1", "u2");
    let stock = "POST /v1/vendors/atlas/stock:receive";
    let json = format!(
        "{stock} HTTP/1.1\r\nhost: souk\r\nauthorization: {}\r\nidempotency-key: k-1\r\ncontent-length: 6000000\r\nconnection: close\r\n\r\n",
        staff_of("vendors/atlas")
    );
    let put = |path: &str, who: &str, kind: &str, len: usize| {
        (put(path, who, kind, len, "connection: close\r\n"), len)
    };
    served(&house, async |address| {
        for ((head, len), status, code) in [
            (put(NAME, &shopper, "image/png", 20_000_000), 413, "body_too_large"),
            (put(NAME, &shopper, "image/gif", 2_900_000), 400, "invalid_field"),
            (put(&elsewhere, &shopper, "image/png", 2_900_000), 403, "forbidden"),
            (put(NAME, "Bearer nonsense", "image/png", 2_900_000), 401, "unauthenticated"),
            (put(REFUSED, &shopper, "image/png", 2_900_000), 400, "invalid_field"),
            (put("nowhere", &shopper, "image/png", 2_900_000), 404, "route_unknown"),
            ((json.clone(), 6_000_000), 413, "body_too_large"),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            assert_eq!(send(&mut stream, len).await, len, "{head}");
            let heard = hear_all(&mut stream).await;
            assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{heard}");
            assert!(heard.contains(&format!("\"code\":\"{code}\"")), "{heard}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_connection_is_good_for_the_next_request() {
    let house = House::new().await;
    served(&house, async |address| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = put(NAME, &shopper(), "image/gif", 2_900_000, "");
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(send(&mut stream, 2_900_000).await, 2_900_000);
        let next = "GET /v1/nowhere HTTP/1.1\r\nhost: souk\r\nconnection: close\r\n\r\n";
        stream.write_all(next.as_bytes()).await.unwrap();
        let heard = hear_all(&mut stream).await;
        assert!(heard.starts_with("HTTP/1.1 400 "), "{heard}");
        assert!(heard.contains("HTTP/1.1 404 "), "{heard}");
    })
    .await;
}

#[tokio::test]
async fn who_asks_before_it_sends_is_not_made_to() {
    let house = House::new().await;
    served(&house, async |address| {
        let asks = "expect: 100-continue\r\nconnection: close\r\n";
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = put(NAME, &shopper(), "image/gif", 2_900_000, asks);
        stream.write_all(head.as_bytes()).await.unwrap();
        assert!(hear_all(&mut stream).await.starts_with("HTTP/1.1 400 "));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = put(NAME, &shopper(), "image/png", 2_900_000, asks);
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut first = [0; 25];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(send(&mut stream, 2_900_000).await, 2_900_000);
        assert!(hear_all(&mut stream).await.starts_with("HTTP/1.1 200 "));
    })
    .await;
}

#[tokio::test]
async fn who_sends_without_end_is_cut_off() {
    let house = House::new().await;
    served(&house, async |address| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = put(NAME, &shopper(), "image/png", 1 << 40, "");
        stream.write_all(head.as_bytes()).await.unwrap();
        let sent = send(&mut stream, 1 << 30).await;
        // What is let go, and what the system holds for both ends.
        assert!((32 << 20..128 << 20).contains(&sent), "{sent} bytes");
    })
    .await;
}

#[tokio::test]
async fn who_hangs_up_in_the_middle_leaves_nothing() {
    let house = House::new().await;
    served(&house, async |address| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = put(NAME, &shopper(), "image/png", 2_900_000, "");
        stream.write_all(head.as_bytes()).await.unwrap();
        send(&mut stream, 1_000_000).await;
        drop(stream);
        while house.shelf.unkept.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(house.ask(get(&format!("/v1/{NAME}"), &shopper())).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn over_http2_an_early_answer_is_heard_too() {
    let house = House::new().await;
    served(&house, async |address| {
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        let ask = async |path: &str, kind: &str, length: usize| {
            let body: Vec<Result<Bytes, std::io::Error>> = picture();
            let request = Request::put(format!("http://{address}/v1/{path}"))
                .version(Version::HTTP_2)
                .header("authorization", shopper())
                .header("content-type", kind)
                .header("content-length", length)
                .body(Body::from_stream(stream::iter(body)))
                .unwrap();
            let (head, body) = client.request(request).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            (head.status.as_u16(), problem["code"].as_str().unwrap_or_default().to_owned())
        };
        let no = |status, code: &str| (status, code.to_owned());
        assert_eq!(ask(NAME, "image/gif", 2_800_000).await, no(400, "invalid_field"));
        assert_eq!(ask(REFUSED, "image/png", 2_800_000).await, no(400, "invalid_field"));
        assert_eq!(
            ask(&NAME.replace("u1", "u2"), "image/png", 2_800_000).await,
            no(403, "forbidden")
        );
        assert_eq!(ask(NAME, "image/png", 2_800_000).await, no(200, ""));
    })
    .await;
}
