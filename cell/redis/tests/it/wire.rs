//! A wire to Redis that can be cut, so that nobody else's Redis has to be killed.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Forwards to Redis until it is cut.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    is_cut: Arc<AtomicBool>,
    cut: watch::Sender<()>,
}

impl Wire {
    pub(crate) async fn to(redis: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let is_cut = Arc::new(AtomicBool::new(false));
        let cut = watch::Sender::new(());
        let (is_cut_there, cut_there) = (is_cut.clone(), cut.clone());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                if is_cut_there.load(Ordering::SeqCst) {
                    continue;
                }
                let (redis, mut cut) = (redis.clone(), cut_there.subscribe());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(redis).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { address, is_cut, cut }
    }

    /// Cuts every connection, and lets nobody through.
    pub(crate) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        self.cut.send_replace(());
    }

    pub(crate) fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}
