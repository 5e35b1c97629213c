//! The HTTP clients of everything that calls out for models: made by hand, so that no default decides for us.
//!
//! No proxies from the environment (settings come from `config`), no redirects (a key must not follow one), no
//! response is read without a limit.

use std::time::Duration;

use reqwest::{Client, Response, Url};

/// How long an unused connection is kept for the next call.
const IDLE_CONNECTION: Duration = Duration::from_secs(60);

/// Redirects a download may follow; model hubs send the file from another host.
const DOWNLOAD_HOPS: usize = 5;

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up TLS: {0}; on a bare system, install the package `ca-certificates`")]
pub struct TlsError(String);

/// A client for calls to `url`: one address, no redirects.
pub fn client(url: &Url, connect: Duration) -> Result<Client, TlsError> {
    let builder = base(connect).redirect(reqwest::redirect::Policy::none());
    // A plain-HTTP address needs no certificate store, which may be missing and takes time to load.
    let builder = if url.scheme() == "http" { builder.tls_certs_only([]) } else { builder };
    builder.build().map_err(|error| TlsError(cause(&error)))
}

/// A client for public downloads over HTTPS: carries no key, follows a few redirects, gives up after a silence of `idle`.
pub fn downloader(connect: Duration, idle: Duration) -> Result<Client, TlsError> {
    base(connect)
        .https_only(true)
        .read_timeout(idle)
        .redirect(reqwest::redirect::Policy::limited(DOWNLOAD_HOPS))
        .build()
        .map_err(|error| TlsError(cause(&error)))
}

fn base(connect: Duration) -> reqwest::ClientBuilder {
    // Another caller may have installed it already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .connect_timeout(connect)
        .tcp_nodelay(true)
        .pool_idle_timeout(IDLE_CONNECTION)
        .user_agent(concat!("greenroom/", env!("CARGO_PKG_VERSION")))
}

/// The innermost cause: the outer layers repeat each other and may name the URL.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// A body too large for its purpose, or a connection that broke while reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    Broken,
}

/// The whole body, at most `limit` bytes. The caller bounds the time.
pub async fn read_all(response: &mut Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| BodyError::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What can be had of the body within `limit` bytes and `time`; for error bodies, where anything helps.
pub async fn read_some(response: &mut Response, limit: usize, time: Duration) -> Vec<u8> {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = limit - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() >= room {
                break;
            }
        }
    };
    // Running out of time leaves what has arrived.
    let _ = tokio::time::timeout(time, reading).await;
    body
}
