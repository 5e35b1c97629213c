//! A Qdrant for tests: Qdrant's gRPC protocol in front of Qdrant's own engine, in this process.
//!
//! It answers what our client asks for and says `Unimplemented` to everything else. Collections live in a scratch
//! folder and survive [`FakeQdrant::restart`]. Faults are switched on and off while it runs.

mod engine;
mod serve;
mod translate;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use qdrant_client::qdrant::collections_server::CollectionsServer;
use qdrant_client::qdrant::points_server::PointsServer;
use qdrant_client::qdrant::qdrant_server::QdrantServer;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::engine::Engine;
use crate::serve::Service;

/// Largest request that is read.
const REQUEST_BYTES: usize = 64 << 20;

/// What goes wrong, for as long as it is switched on.
#[derive(Debug, Default)]
pub struct Faults {
    refuse: AtomicBool,
    fail: AtomicBool,
    delay_millis: AtomicU64,
    requests: AtomicU64,
}

impl Faults {
    /// Every request is answered with `Unavailable`.
    pub fn refuse(&self, on: bool) {
        self.refuse.store(on, Ordering::SeqCst);
    }

    /// Every request is answered with `Internal`.
    pub fn fail(&self, on: bool) {
        self.fail.store(on, Ordering::SeqCst);
    }

    /// Every request waits this long before anything else happens.
    pub fn delay_millis(&self, millis: u64) {
        self.delay_millis.store(millis, Ordering::SeqCst);
    }

    /// Number of requests so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

/// The server. Dropping it stops it and removes its collections.
pub struct FakeQdrant {
    address: SocketAddr,
    key: Option<String>,
    engine: Arc<Engine>,
    faults: Arc<Faults>,
    /// A runtime of its own: shutting it down cuts every connection, as a killed server does.
    running: Option<Runtime>,
}

impl FakeQdrant {
    /// Starts a server that asks for no key, on a port of its own.
    pub async fn start() -> Self {
        Self::start_with_key(None).await
    }

    /// Starts a server that answers only requests with this `api-key`.
    pub async fn start_with_key(key: Option<&str>) -> Self {
        let mut server = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            key: key.map(str::to_owned),
            engine: Arc::new(Engine::new()),
            faults: Arc::default(),
            running: None,
        };
        server.listen().await;
        server
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The switches for faults.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Stops listening and closes all connections; collections stay on disk.
    pub async fn stop(&mut self) {
        let (running, engine) = (self.running.take(), self.engine.clone());
        let closed = tokio::task::spawn_blocking(move || {
            drop(running);
            engine.close();
        });
        closed.await.expect("closing collections does not panic");
    }

    /// Stops if need be, then listens again on the same port with the collections as they are on disk.
    pub async fn restart(&mut self) {
        self.stop().await;
        let engine = self.engine.clone();
        tokio::task::spawn_blocking(move || engine.reopen()).await.expect("collections open again");
        self.listen().await;
    }

    async fn listen(&mut self) {
        let listener = std::net::TcpListener::bind(self.address).expect("a loopback port is free");
        listener.set_nonblocking(true).expect("a listener can be told not to block");
        self.address = listener.local_addr().expect("a bound listener has an address");
        let service =
            Service { engine: self.engine.clone(), faults: self.faults.clone(), key: self.key.clone().map(Arc::from) };
        let server = Server::builder()
            .add_service(QdrantServer::new(service.clone()))
            .add_service(CollectionsServer::new(service.clone()))
            .add_service(PointsServer::new(service).max_decoding_message_size(REQUEST_BYTES));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads can be made");
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("the listener does not block");
            server.serve_with_incoming(TcpIncoming::from(listener)).await.expect("serving on loopback works");
        });
        self.running = Some(runtime);
    }
}

impl Drop for FakeQdrant {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown_background();
        }
    }
}
