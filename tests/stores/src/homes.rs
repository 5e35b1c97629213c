//! Where a store lives in a test, and how it is restarted.

use std::sync::Arc;
use std::time::Duration;

use fake_qdrant::FakeQdrant;
use greenroom::db::Db;
use greenroom::domain::{Clock as _, SystemClock};
use greenroom::recall::{Exact, Forget, Qdrant, QdrantSettings, VectorStore};
use greenroom::testing::{Engine, Scratch, fresh_database};
use secrecy::SecretString;

use super::corpus::space;

/// Names the gRPC URL of a real Qdrant.
const SERVER_SETTING: &str = "QDRANT_TEST_URL";
/// The double's engine is built without optimisation.
const PATIENT: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
    Double,
    Server,
}

pub enum Home {
    Embedded { url: String, db: Db, _scratch: Scratch },
    Double { server: Box<FakeQdrant> },
    Server { settings: QdrantSettings },
}

impl Home {
    /// A new, empty home; `None` where there is no real server to test with.
    pub async fn of(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Sqlite => Self::embedded(Engine::Sqlite).await,
            Kind::Postgres => Self::embedded(Engine::Postgres).await,
            Kind::Double => Self::Double { server: Box::new(FakeQdrant::start().await) },
            Kind::Server => Self::Server { settings: server()? },
        })
    }

    async fn embedded(engine: Engine) -> Self {
        let scratch = Scratch::new();
        let url = fresh_database(engine, &scratch).await;
        Self::Embedded { db: Db::open(&url).await.unwrap(), url, _scratch: scratch }
    }

    /// Another store on the same data, as another process would have it, opened.
    pub async fn store(&self) -> Arc<dyn VectorStore> {
        let store = self.unopened().await;
        store.open(&space()).await.unwrap();
        store
    }

    /// The same, not opened.
    pub async fn unopened(&self) -> Arc<dyn VectorStore> {
        match self {
            Self::Embedded { db, .. } => Arc::new(Exact::new(db.clone())),
            Self::Double { server } => Arc::new(Qdrant::new(patient(QdrantSettings::new(server.url()))).unwrap()),
            Self::Server { settings } => Arc::new(Qdrant::new(settings.clone()).unwrap()),
        }
    }

    /// Stops what keeps the data and starts it again. A real server is left alone.
    pub async fn restarted(mut self) -> Self {
        match &mut self {
            Self::Embedded { url, db, .. } => {
                db.close().await;
                *db = Db::open(url).await.unwrap();
            }
            Self::Double { server } => server.restart().await,
            Self::Server { .. } => {}
        }
        self
    }

    pub fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded { .. })
    }

    /// How often to do something: `fast` in the embedded store, `slow` over the network.
    pub fn patience(&self, fast: usize, slow: usize) -> usize {
        if self.is_embedded() { fast } else { slow }
    }
}

/// Leaves no collections behind on a real server.
impl Drop for Home {
    fn drop(&mut self) {
        let Self::Server { settings } = self else { return };
        let store = Qdrant::new(settings.clone()).unwrap();
        let tidy = async move { store.forget(&Forget::All).await };
        let done = std::thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(tidy)).join();
        if !matches!(done, Ok(Ok(()))) {
            eprintln!("collections of this test are left on the Qdrant server");
        }
    }
}

fn patient(settings: QdrantSettings) -> QdrantSettings {
    QdrantSettings { search_deadline: PATIENT, ..settings }
}

#[expect(clippy::disallowed_methods, reason = "settings of the tests, not of the program")]
fn server() -> Option<QdrantSettings> {
    let Ok(url) = std::env::var(SERVER_SETTING) else {
        eprintln!("not run: {SERVER_SETTING} names no Qdrant server");
        return None;
    };
    let api_key = std::env::var("QDRANT_TEST_API_KEY").ok().map(SecretString::from);
    let prefix = format!("t{}-", SystemClock::default().id());
    Some(patient(QdrantSettings { api_key, prefix, ..QdrantSettings::new(url) }))
}
