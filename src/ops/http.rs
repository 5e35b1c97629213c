//! Health and metrics over HTTP: `/healthz`, `/readyz` and, on an address of its own, `/metrics`.
//!
//! Nothing here changes anything. Neither address is meant for the public.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::join_all;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::metrics::{self, Exporter};
use super::{CannotStart, scrub::Scrubber};
use crate::life::Life;

/// Path that answers while the process lives.
pub const HEALTH_PATH: &str = "/healthz";
/// Path that answers 200 while the house can do its work.
pub const READY_PATH: &str = "/readyz";
/// Path Prometheus reads, on its own address.
pub const METRICS_PATH: &str = "/metrics";
/// A readiness check that takes longer has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long open connections may linger once a stop has begun.
const LINGER: Duration = Duration::from_secs(2);
/// How long `greenroom health` waits for an answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

type Checking = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
type Check = Arc<dyn Fn() -> Checking + Send + Sync>;

/// The named checks behind `/readyz`; cheap to clone. Not ready before there is one.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Arc<Mutex<Vec<(&'static str, Check)>>>,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub name: &'static str,
    pub ok: bool,
    /// Why not, for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What all checks found: the body of `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub ready: bool,
    pub checks: Vec<Finding>,
}

impl Readiness {
    /// Adds a check; its error says why the house is not ready.
    pub fn add<F, Fut>(&self, name: &'static str, check: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        let check: Check = Arc::new(move || Box::pin(check()));
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).push((name, check));
    }

    /// Runs all checks side by side.
    pub async fn report(&self) -> Report {
        self.report_within(CHECK_TIMEOUT).await
    }

    async fn report_within(&self, limit: Duration) -> Report {
        let checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if checks.is_empty() {
            let starting = Finding { name: "process", ok: false, reason: Some("starting".into()) };
            return Report { ready: false, checks: vec![starting] };
        }
        let scrubber = Scrubber::default();
        let findings = join_all(checks.iter().map(|(name, check)| async {
            let reason = match tokio::time::timeout(limit, check()).await {
                Ok(Ok(())) => None,
                Ok(Err(reason)) => Some(scrubber.scrub(&reason)),
                Err(_) => Some(format!("no answer within {} ms", limit.as_millis())),
            };
            Finding { name, ok: reason.is_none(), reason }
        }))
        .await;
        Report { ready: findings.iter().all(|finding| finding.ok), checks: findings }
    }
}

#[derive(Clone)]
struct Health {
    readiness: Readiness,
    stopping: CancellationToken,
}

/// The routes of `HTTP_ADDR`. Once the soft stop has begun, the house is no longer ready.
pub fn health_routes(readiness: Readiness, life: &Life) -> Router {
    Router::new()
        .route(HEALTH_PATH, get(|| async { "ok\n" }))
        .route(READY_PATH, get(ready))
        .with_state(Health { readiness, stopping: life.soft() })
}

async fn ready(State(health): State<Health>) -> Response {
    let mut report = health.readiness.report().await;
    if health.stopping.is_cancelled() {
        report.ready = false;
        report.checks.push(Finding { name: "process", ok: false, reason: Some("stopping".into()) });
    }
    metrics::readiness(report.ready);
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

/// The routes of `METRICS_ADDR`.
pub fn metrics_routes(exporter: Exporter) -> Router {
    Router::new()
        .route(
            METRICS_PATH,
            get(|State(exporter): State<Exporter>| async move {
                ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], exporter.render())
            }),
        )
        .with_state(exporter)
}

/// Listens on the address that `setting` holds.
///
/// # Errors
/// One sentence that names the setting.
pub async fn bind(setting: &str, addr: &str) -> Result<TcpListener, CannotStart> {
    TcpListener::bind(addr).await.map_err(|error| {
        CannotStart(format!(
            "{setting}: cannot listen on {addr} ({error}): stop what uses it, or set {setting} to another address"
        ))
    })
}

/// Serves `routes` until the soft stop, then lets open connections finish for [`LINGER`].
pub fn serve(life: &Life, name: &'static str, listener: TcpListener, routes: Router) {
    let (stop, linger) = (life.soft(), life.soft());
    life.spawn(name, async move {
        let serving = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned());
        let cut_off = async {
            linger.cancelled().await;
            tokio::time::sleep(LINGER).await;
        };
        tokio::select! {
            ended = serving => if let Err(error) = ended {
                tracing::error!(server = name, %error, "an HTTP server ended");
            },
            () = cut_off => {}
        }
    });
}

/// Asks the house at `addr` (the value of `HTTP_ADDR`) whether it lives; for Docker's health check.
///
/// # Errors
/// Why there was no good answer.
pub fn probe(addr: &str) -> Result<(), String> {
    let target = addr
        .to_socket_addrs()
        .map_err(|error| format!("HTTP_ADDR {addr} cannot be resolved: {error}"))?
        .next()
        .map(reachable)
        .ok_or_else(|| format!("HTTP_ADDR {addr} names no address"))?;
    let said = (|| {
        let mut stream = TcpStream::connect_timeout(&target, PROBE_TIMEOUT)?;
        stream.set_read_timeout(Some(PROBE_TIMEOUT))?;
        stream.set_write_timeout(Some(PROBE_TIMEOUT))?;
        write!(stream, "GET {HEALTH_PATH} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n")?;
        // The status line is enough; what else listens there might never end its answer.
        let mut head = [0u8; 16];
        stream.read_exact(&mut head)?;
        Ok::<_, std::io::Error>(head)
    })()
    .map_err(|error| format!("no answer from {target}: {error}"))?;
    if said.starts_with(b"HTTP/1.1 200 ") {
        Ok(())
    } else {
        Err(format!("{target} does not answer as a healthy greenroom"))
    }
}

/// An address that listens everywhere is reached on the loopback.
fn reachable(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        let is_v4 = addr.is_ipv4();
        addr.set_ip(if is_v4 { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { IpAddr::V6(Ipv6Addr::LOCALHOST) });
    }
    addr
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_report_names_what_is_wrong_and_a_hanging_check_counts_as_failed() {
        let readiness = Readiness::default();
        assert!(!readiness.report().await.ready, "still starting");
        readiness.add("database", || async { Ok(()) });
        readiness.add("store", || async { Err("gone: postgres://u:password1@h".to_owned()) });
        readiness.add("model", std::future::pending);
        let report = readiness.report_within(Duration::from_millis(50)).await;
        assert!(!report.ready);
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            serde_json::json!({"ready": false, "checks": [
                {"name": "database", "ok": true},
                {"name": "store", "ok": false, "reason": "gone: postgres://u:[redacted]@h"},
                {"name": "model", "ok": false, "reason": "no answer within 50 ms"},
            ]})
        );
    }

    #[tokio::test]
    async fn an_address_in_use_is_one_sentence_that_names_the_setting() {
        let taken = bind("HTTP_ADDR", "127.0.0.1:0").await.unwrap();
        let addr = taken.local_addr().unwrap().to_string();
        let error = bind("HTTP_ADDR", &addr).await.unwrap_err().to_string();
        assert!(error.starts_with("HTTP_ADDR: cannot listen on 127.0.0.1:") && !error.contains('\n'), "{error}");
    }

    #[tokio::test]
    async fn the_probe_tells_a_healthy_house_from_something_else() {
        let life = Life::default();
        let listener = bind("HTTP_ADDR", "127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        serve(&life, "health", listener, health_routes(Readiness::default(), &life));
        let probed = |addr: String| async move { tokio::task::spawn_blocking(move || probe(&addr)).await.unwrap() };
        assert_eq!(probed(addr.clone()).await, Ok(()));
        assert_eq!(probed(addr.replace("127.0.0.1", "0.0.0.0")).await, Ok(()));

        let other = bind("HTTP_ADDR", "127.0.0.1:0").await.unwrap();
        let other_addr = other.local_addr().unwrap().to_string();
        serve(&life, "other", other, Router::new());
        assert!(probed(other_addr).await.unwrap_err().contains("healthy"));

        assert_eq!(life.stop().await, crate::life::Ending::Finished);
        assert!(probed(addr).await.unwrap_err().contains("no answer"));
    }
}
