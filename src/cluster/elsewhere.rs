//! What another process does: platforms whose accounts a gateway holds, as a worker sees them, and the model that workers
//! ask, as a gateway sees it.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::db::{Db, post};
use crate::domain::{KeySource, News, Place};
use crate::life::Life;
use crate::model::{ChatRequest, ErrorClass, LlmProvider, ModelError, ModelInfo, Reply};
use crate::platform::{Face, Limits, OnceKey, Part, Platform, SendError, Streams};

/// Window of a model of which a gateway knows only the name, in tokens.
const CONTEXT: u32 = 32_000;

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

/// The model of a process that asks none.
pub struct Writer {
    /// The model's name, where one is set.
    pub model: String,
}

#[async_trait]
impl LlmProvider for Writer {
    fn info(&self, model: &str) -> ModelInfo {
        let model = if model.is_empty() { self.model.clone() } else { model.to_owned() };
        ModelInfo {
            provider: "worker".into(),
            model,
            context: CONTEXT,
            key_source: KeySource::Operator,
            tiny: false,
            sees: false,
        }
    }

    async fn reply(
        &self,
        _request: &ChatRequest,
        _on_text: &mut (dyn for<'t> FnMut(&'t str) + Send),
        _cancel: &CancellationToken,
    ) -> Result<Reply, ModelError> {
        Err(ModelError::new(ErrorClass::Down, "this process asks no model"))
    }

    async fn check(&self) -> Result<(), ModelError> {
        Ok(())
    }
}
