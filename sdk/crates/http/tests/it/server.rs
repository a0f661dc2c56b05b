//! Small servers on loopback.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::Router;
use connector_http::{HttpClient, HttpClientBuilder, RetryPolicy, Url};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A client that does not wait long between tries, for three of them.
pub(crate) fn client(url: &Url) -> HttpClientBuilder {
    let base = Duration::from_millis(1);
    HttpClient::builder(url.clone()).retry(RetryPolicy { attempts: 3, base, ..Default::default() })
}

/// Serves a router.
pub(crate) async fn serve(router: Router) -> Url {
    let (listener, url) = listen("http").await;
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

pub(crate) async fn listen(scheme: &str) -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let url = format!("{scheme}://127.0.0.1:{port}/").parse().expect("a URL");
    (listener, url)
}

/// What a raw server does after its bytes are written.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    Close,
    Hang,
}

/// Writes these bytes to whoever sends a request, and counts the requests.
pub(crate) async fn raw(scheme: &str, bytes: &'static [u8], then: Then) -> (Url, Arc<AtomicUsize>) {
    let (listener, url) = listen(scheme).await;
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move { answer(stream, bytes, then, &count).await });
        }
    });
    (url, requests)
}

async fn answer(mut stream: TcpStream, bytes: &[u8], then: Then, count: &AtomicUsize) -> io::Result<()> {
    let mut head = [0; 4096];
    if stream.read(&mut head).await? == 0 {
        return Ok(());
    }
    count.fetch_add(1, Ordering::SeqCst);
    stream.write_all(bytes).await?;
    match then {
        Then::Close => stream.shutdown().await,
        Then::Hang => std::future::pending().await,
    }
}
