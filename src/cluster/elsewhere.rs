//! Platforms whose accounts a gateway holds, as a worker sees them.

use async_trait::async_trait;

use crate::db::{Db, post};
use crate::domain::{News, Place};
use crate::life::Life;
use crate::platform::{Face, Limits, OnceKey, Part, Platform, SendError, Streams};

/// A platform that a gateway speaks to.
pub struct Elsewhere {
    name: &'static str,
    limits: Limits,
    db: Db,
    life: Life,
}

impl Elsewhere {
    /// The platform called `name`. What is written for it is not shown before it is complete.
    pub fn new(name: &'static str, limits: Limits, db: Db, life: Life) -> Self {
        let limits = Limits { takes_back: false, streams: Streams::No, ..limits };
        Self { name, limits, db, life }
    }
}

#[async_trait]
impl Platform for Elsewhere {
    fn name(&self) -> &'static str {
        self.name
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn send(&self, _to: &Place, _part: &Part, _once: &OnceKey) -> Result<String, SendError> {
        Err(SendError::Unsure("a gateway says it".to_owned()))
    }

    async fn take_back(&self, _to: &Place, _id: &str, _is_notice: bool) -> Result<(), SendError> {
        Err(SendError::Forbidden)
    }

    fn writing(&self, to: &Place, face: &Face, _draft: Option<&str>) {
        let (db, news) = (self.db.clone(), News::Writing { place: to.id.clone(), slug: face.slug.clone() });
        self.life.spawn("telling who writes", async move {
            // Nobody misses it much.
            let _ = post::tell(&db, &news).await;
        });
    }
}
