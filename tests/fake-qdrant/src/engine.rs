//! Collections over Qdrant's engine. All of it blocks; one lock a collection, because the engine's `flush` must
//! not meet an update, and a flush follows every write because this version of it does not replay its log.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use qdrant_client::qdrant::CreateCollection;
use qdrant_edge::{
    CountRequest, EdgeShard, FieldIndexOperations, Filter, OperationError, OperationResult, PointInsertOperations,
    PointOperations, QueryRequest, Record, ScoredPoint, ScrollRequest, ShardInfo, UpdateOperation,
};
use tempfile::TempDir;
use tonic::Status;

use crate::translate;

/// All collections.
pub struct Engine {
    collections: RwLock<HashMap<String, Arc<Collection>>>,
    /// Last, so that it is there until the collections are closed.
    folder: TempDir,
}

/// One collection.
pub struct Collection {
    /// How it was asked for.
    pub made: CreateCollection,
    path: PathBuf,
    /// `None` while the server is stopped.
    shard: Mutex<Option<EdgeShard>>,
}

impl Engine {
    /// No collections, in a new scratch folder.
    pub fn new() -> Self {
        let folder = TempDir::new().expect("the temporary folder is writable");
        Self { folder, collections: RwLock::default() }
    }

    /// Names of all collections.
    pub fn names(&self) -> Vec<String> {
        self.collections.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// The collection `name`.
    pub fn get(&self, name: &str) -> Result<Arc<Collection>, Status> {
        let collections = self.collections.read().unwrap_or_else(PoisonError::into_inner);
        let found = collections.get(name).cloned();
        found.ok_or_else(|| Status::not_found(format!("Not found: Collection `{name}` doesn't exist!")))
    }

    /// Makes a collection.
    pub fn create(&self, made: CreateCollection) -> Result<(), Status> {
        let mut collections = self.collections.write().unwrap_or_else(PoisonError::into_inner);
        let name = made.collection_name.clone();
        if collections.contains_key(&name) {
            return Err(Status::already_exists(format!("Wrong input: Collection `{name}` already exists!")));
        }
        let path = self.folder.path().join(&name);
        let config = translate::config(&made)?;
        std::fs::create_dir_all(&path).map_err(|error| Status::internal(error.to_string()))?;
        let shard = EdgeShard::new(&path, config).map_err(refused)?;
        collections.insert(name, Arc::new(Collection { made, path, shard: Mutex::new(Some(shard)) }));
        Ok(())
    }

    /// Removes a collection; whether there was one.
    pub fn remove(&self, name: &str) -> bool {
        let removed = self.collections.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        let Some(removed) = removed else { return false };
        drop(removed.lock().take());
        let _ = std::fs::remove_dir_all(&removed.path);
        true
    }

    /// Closes every collection; it stays on disk.
    pub fn close(&self) {
        for collection in self.collections.read().unwrap_or_else(PoisonError::into_inner).values() {
            drop(collection.lock().take());
        }
    }

    /// Opens every collection again.
    pub fn reopen(&self) {
        for collection in self.collections.read().unwrap_or_else(PoisonError::into_inner).values() {
            let shard = EdgeShard::load(&collection.path, None).expect("a collection that was closed opens again");
            *collection.lock() = Some(shard);
        }
    }
}

impl Collection {
    fn lock(&self) -> MutexGuard<'_, Option<EdgeShard>> {
        self.shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, work: impl FnOnce(&EdgeShard) -> OperationResult<T>) -> Result<T, Status> {
        let shard = self.lock();
        let shard = shard.as_ref().ok_or_else(|| Status::unavailable("the server is stopped"))?;
        work(shard).map_err(refused)
    }

    fn update(&self, operation: UpdateOperation) -> Result<(), Status> {
        self.with(|shard| {
            shard.update(operation)?;
            shard.flush();
            Ok(())
        })
    }

    /// Adds or replaces points.
    pub fn upsert(&self, points: PointInsertOperations) -> Result<(), Status> {
        self.update(UpdateOperation::PointOperation(PointOperations::UpsertPoints(points)))
    }

    /// Removes points.
    pub fn delete(&self, operation: PointOperations) -> Result<(), Status> {
        self.update(UpdateOperation::PointOperation(operation))
    }

    /// Makes an index.
    pub fn index(&self, operation: FieldIndexOperations) -> Result<(), Status> {
        self.update(UpdateOperation::FieldIndexOperation(operation))
    }

    /// Answers a query.
    pub fn query(&self, request: QueryRequest) -> Result<Vec<ScoredPoint>, Status> {
        self.with(|shard| shard.query(request))
    }

    /// Counts points.
    pub fn count(&self, filter: Option<Filter>) -> Result<u64, Status> {
        self.with(|shard| shard.count(CountRequest { filter, exact: true })).map(|count| count as u64)
    }

    /// Lists points.
    pub fn scroll(&self, request: ScrollRequest) -> Result<(Vec<Record>, Option<qdrant_edge::PointId>), Status> {
        self.with(|shard| shard.scroll(request))
    }

    /// Facts about it.
    pub fn info(&self) -> Result<ShardInfo, Status> {
        self.with(|shard| Ok(shard.info()))
    }
}

/// As the server puts it: its own trouble is `Internal`, everything else is the request's fault.
fn refused(error: OperationError) -> Status {
    match error {
        OperationError::ServiceError { description, .. } => Status::internal(format!("Service error: {description}")),
        error => Status::invalid_argument(format!("Wrong input: {error}")),
    }
}
