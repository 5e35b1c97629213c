//! The queue: it only says "this lane has post". Order, idempotency and history are in the tables.

pub mod local;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::{MemberId, PlaceId};

/// Works through a lane until it is empty.
#[async_trait]
pub trait LaneWorker: Send + Sync {
    async fn work(&self, lane: &PlaceId);
    /// Lanes with unfinished turns that are due, each with somebody who waits there, for the start-up scan and the sweep.
    async fn waiting(&self) -> Vec<(PlaceId, MemberId)>;
}

/// Carries "lane X has post". May lose, double and reorder rings.
#[async_trait]
pub trait Doorbell: Send + Sync {
    /// Says that `lane` has post of `from`; returns at once. Members take turns, however many lanes one of them rings.
    fn ring(&self, lane: &PlaceId, from: &MemberId);
    /// Hands rung lanes to `worker`, never one lane to two at once, until `stop`; then waits for those at work.
    async fn answer(&self, worker: std::sync::Arc<dyn LaneWorker>, stop: CancellationToken);
    /// Lanes that are at work, and how many may be at once.
    fn busy(&self) -> (usize, usize);
}
