//! Connections: accepted up to a number, given a time for their heads, and let go of in order.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// Connections at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 1024;
/// The head of a request has to be here after this time, also of the next on the same connection.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Longest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// Most headers of a request.
const MAX_HEADERS: usize = 100;

/// Serves until `stop`, and then until what is under way has ended.
pub(super) async fn serve(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (ending, _) = watch::channel(false);
    let mut stop = std::pin::pin!(stop);
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { break };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Too many open files, for one: that passes.
                    eprintln!("polo: cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        // Tokens are small, and each is sent when it is there.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEADERS)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app.clone()))
            .with_upgrades();
        let mut ending = ending.subscribe();
        tokio::spawn(async move {
            let mut connection = std::pin::pin!(connection);
            // How it failed is its client's business: it went away, or sent what is no HTTP and was told.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = async { drop(ending.wait_for(|ending| *ending).await) } => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(place);
        });
    }
    drop(listener);
    let _ = ending.send_replace(true);
    // All places are free again when all connections have ended.
    let _ = room.acquire_many(MAX_CONNECTIONS as u32).await;
}
