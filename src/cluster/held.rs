//! A platform whose account this process holds: once the lease may be another's, nothing is said any more.

use std::sync::Arc;

use async_trait::async_trait;

use super::Lease;
use crate::domain::{Identity, Place};
use crate::platform::{Face, Limits, OnceKey, Part, Platform, SendError};

/// A platform under a lease.
pub struct Held {
    platform: Arc<dyn Platform>,
    lease: Arc<Lease>,
}

impl Held {
    /// `platform`, for as long as `lease` is this process's.
    pub fn new(platform: Arc<dyn Platform>, lease: Arc<Lease>) -> Self {
        Self { platform, lease }
    }

    fn ours(&self) -> Result<&dyn Platform, SendError> {
        if self.lease.is_ours() {
            Ok(&*self.platform)
        } else {
            Err(SendError::Unsure("the account may be another process's".to_owned()))
        }
    }
}

#[async_trait]
impl Platform for Held {
    fn name(&self) -> &'static str {
        self.platform.name()
    }

    fn limits(&self) -> Limits {
        self.platform.limits()
    }

    fn is_connected(&self) -> bool {
        self.lease.is_ours() && self.platform.is_connected()
    }

    async fn send(&self, to: &Place, part: &Part, once: &OnceKey) -> Result<String, SendError> {
        self.ours()?.send(to, part, once).await
    }

    async fn arrived(&self, to: &Place, part: &Part) -> Result<Vec<String>, SendError> {
        self.ours()?.arrived(to, part).await
    }

    async fn fetch(&self, url: &str, limit: usize) -> Result<Vec<u8>, SendError> {
        self.platform.fetch(url, limit).await
    }

    fn spares(&self, to: &Place, face: &Face, shown: Option<&str>) -> bool {
        self.lease.is_ours() && self.platform.spares(to, face, shown)
    }

    async fn revise(&self, to: &Place, id: &str, part: &Part, once: &OnceKey) -> Result<(), SendError> {
        self.ours()?.revise(to, id, part, once).await
    }

    async fn take_back(&self, to: &Place, id: &str, is_notice: bool) -> Result<(), SendError> {
        self.ours()?.take_back(to, id, is_notice).await
    }

    async fn whisper(&self, to: &Identity, text: &str, once: &OnceKey) -> Result<(), SendError> {
        self.ours()?.whisper(to, text, once).await
    }

    fn writing(&self, to: &Place, face: &Face, draft: Option<&str>) {
        if self.lease.is_ours() {
            self.platform.writing(to, face, draft);
        }
    }
}
