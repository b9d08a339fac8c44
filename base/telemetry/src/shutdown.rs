//! When to stop: the first SIGTERM or SIGINT.

use tokio::signal::unix::{SignalKind, signal};

/// Completes at the first SIGTERM or SIGINT (Ctrl-C) after the call; never, if the system does not let us listen for them.
///
/// Listens from the call on, not from the first poll, so that a signal during the start is not lost. Call it inside a tokio runtime.
pub fn shutdown_signal() -> impl Future<Output = ()> + Send + 'static {
    let signals = signal(SignalKind::terminate())
        .and_then(|term| Ok((term, signal(SignalKind::interrupt())?)));
    async move {
        match signals {
            Ok((mut term, mut interrupt)) => {
                let name = tokio::select! {
                    _ = term.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                tracing::info!(signal = name, "stopping");
            }
            Err(error) => {
                tracing::warn!(%error, "cannot listen for signals; only a kill will stop this process");
                std::future::pending::<()>().await;
            }
        }
    }
}
