//! The gRPC services.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::qdrant_client::qdrant::collections_server::Collections;
use ::qdrant_client::qdrant::points_server::Points;
use ::qdrant_client::qdrant::qdrant_server::Qdrant;
use ::qdrant_client::qdrant::*;
use qdrant_edge::{PayloadSchemaType as EngineType, ScrollRequest, WithVector};
use tonic::{Request, Response, Status};

use crate::Faults;
use crate::engine::{Collection, Engine};
use crate::translate;

/// The version the double speaks.
const VERSION: &str = "1.18.3";
/// As the server words it.
const FORBIDDEN: &str = "Must provide an API key or an Authorization bearer token";

/// All services in one.
#[derive(Clone)]
pub struct Service {
    /// The collections.
    pub engine: Arc<Engine>,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// The key that requests must carry, if any.
    pub key: Option<Arc<str>>,
}

type Answer<T> = Result<Response<T>, Status>;
type Answering<'a, T> = Pin<Box<dyn Future<Output = Answer<T>> + Send + 'a>>;

/// Methods that the double does not know, in the form that `async_trait` gives them.
macro_rules! absent {
    ($($name:ident($request:ty) -> $answer:ty;)*) => {$(
        fn $name<'life0, 'async_trait>(&'life0 self, _: Request<$request>) -> Answering<'async_trait, $answer>
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async { Err(Status::unimplemented(concat!("the double does not know ", stringify!($name)))) })
        }
    )*};
}

impl Service {
    /// What every request goes through: faults and the key.
    async fn enter<T>(&self, request: Request<T>) -> Result<T, Status> {
        self.faults.requests.fetch_add(1, Ordering::SeqCst);
        let delay = self.faults.delay_millis.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if self.faults.refuse.load(Ordering::SeqCst) {
            return Err(Status::unavailable("switched off by the test"));
        }
        if self.faults.fail.load(Ordering::SeqCst) {
            return Err(Status::internal("broken by the test"));
        }
        let given = request.metadata().get("api-key").and_then(|key| key.to_str().ok());
        match (&self.key, given) {
            (Some(key), given) if given != Some(key) => Err(Status::unauthenticated(FORBIDDEN)),
            _ => Ok(request.into_inner()),
        }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let engine = self.engine.clone();
        let done = tokio::task::spawn_blocking(move || work(&engine)).await;
        done.map_err(|error| Status::internal(format!("the engine panicked: {error}")))?
    }
}

fn acknowledged() -> Response<PointsOperationResponse> {
    let result = UpdateResult { status: UpdateStatus::Completed.into(), ..UpdateResult::default() };
    Response::new(PointsOperationResponse { result: Some(result), ..PointsOperationResponse::default() })
}

fn done(result: bool) -> Response<CollectionOperationResponse> {
    Response::new(CollectionOperationResponse { result, time: 0.0 })
}

#[tonic::async_trait]
impl Qdrant for Service {
    async fn health_check(&self, request: Request<HealthCheckRequest>) -> Answer<HealthCheckReply> {
        self.enter(request).await?;
        Ok(Response::new(HealthCheckReply {
            title: "qdrant - vector search engine".into(),
            version: VERSION.into(),
            commit: None,
        }))
    }
}

#[tonic::async_trait]
impl Collections for Service {
    async fn get(&self, request: Request<GetCollectionInfoRequest>) -> Answer<GetCollectionInfoResponse> {
        let request = self.enter(request).await?;
        let result = self.blocking(move |engine| info(&*engine.get(&request.collection_name)?)).await?;
        Ok(Response::new(GetCollectionInfoResponse { result: Some(result), time: 0.0 }))
    }

    async fn list(&self, request: Request<ListCollectionsRequest>) -> Answer<ListCollectionsResponse> {
        self.enter(request).await?;
        let names = self.engine.names().into_iter();
        let collections = names.map(|name| CollectionDescription { name }).collect();
        Ok(Response::new(ListCollectionsResponse { collections, time: 0.0 }))
    }

    async fn create(&self, request: Request<CreateCollection>) -> Answer<CollectionOperationResponse> {
        let request = self.enter(request).await?;
        self.blocking(move |engine| engine.create(request)).await?;
        Ok(done(true))
    }

    async fn delete(&self, request: Request<DeleteCollection>) -> Answer<CollectionOperationResponse> {
        let request = self.enter(request).await?;
        Ok(done(self.blocking(move |engine| Ok(engine.remove(&request.collection_name))).await?))
    }

    async fn collection_exists(&self, request: Request<CollectionExistsRequest>) -> Answer<CollectionExistsResponse> {
        let request = self.enter(request).await?;
        let exists = self.engine.get(&request.collection_name).is_ok();
        Ok(Response::new(CollectionExistsResponse { result: Some(CollectionExists { exists }), time: 0.0 }))
    }

    absent! {
        update(UpdateCollection) -> CollectionOperationResponse;
        update_aliases(ChangeAliases) -> CollectionOperationResponse;
        list_collection_aliases(ListCollectionAliasesRequest) -> ListAliasesResponse;
        list_aliases(ListAliasesRequest) -> ListAliasesResponse;
        collection_cluster_info(CollectionClusterInfoRequest) -> CollectionClusterInfoResponse;
        update_collection_cluster_setup(UpdateCollectionClusterSetupRequest) -> UpdateCollectionClusterSetupResponse;
        create_shard_key(CreateShardKeyRequest) -> CreateShardKeyResponse;
        delete_shard_key(DeleteShardKeyRequest) -> DeleteShardKeyResponse;
        list_shard_keys(ListShardKeysRequest) -> ListShardKeysResponse;
    }
}

fn info(collection: &Collection) -> Result<CollectionInfo, Status> {
    let info = collection.info()?;
    let schema = |kind: EngineType| match kind {
        EngineType::Keyword => PayloadSchemaType::Keyword,
        EngineType::Integer => PayloadSchemaType::Integer,
        _ => PayloadSchemaType::UnknownType,
    };
    let payload_schema = info
        .payload_schema
        .into_iter()
        .map(|(key, index)| {
            let data_type = schema(index.data_type).into();
            (key.to_string(), PayloadSchemaInfo { data_type, points: Some(index.points as u64), params: None })
        })
        .collect();
    let params = CollectionParams {
        shard_number: 1,
        vectors_config: collection.made.vectors_config.clone(),
        sparse_vectors_config: collection.made.sparse_vectors_config.clone(),
        ..CollectionParams::default()
    };
    Ok(CollectionInfo {
        status: CollectionStatus::Green.into(),
        segments_count: info.segments_count as u64,
        config: Some(CollectionConfig {
            params: Some(params),
            hnsw_config: collection.made.hnsw_config,
            ..CollectionConfig::default()
        }),
        payload_schema,
        points_count: Some(info.points_count as u64),
        indexed_vectors_count: Some(info.indexed_vectors_count as u64),
        ..CollectionInfo::default()
    })
}

#[tonic::async_trait]
impl Points for Service {
    async fn upsert(&self, request: Request<UpsertPoints>) -> Answer<PointsOperationResponse> {
        let request = self.enter(request).await?;
        let points = translate::points(request.points)?;
        self.blocking(move |engine| engine.get(&request.collection_name)?.upsert(points)).await?;
        Ok(acknowledged())
    }

    async fn delete(&self, request: Request<DeletePoints>) -> Answer<PointsOperationResponse> {
        let request = self.enter(request).await?;
        let deletion = translate::deletion(request.points)?;
        self.blocking(move |engine| engine.get(&request.collection_name)?.delete(deletion)).await?;
        Ok(acknowledged())
    }

    async fn create_field_index(
        &self,
        request: Request<CreateFieldIndexCollection>,
    ) -> Answer<PointsOperationResponse> {
        let request = self.enter(request).await?;
        let index = translate::index(&request)?;
        self.blocking(move |engine| engine.get(&request.collection_name)?.index(index)).await?;
        Ok(acknowledged())
    }

    async fn query(&self, request: Request<QueryPoints>) -> Answer<QueryResponse> {
        let request = self.enter(request).await?;
        let name = request.collection_name.clone();
        let query = translate::query(request)?;
        let found = self.blocking(move |engine| engine.get(&name)?.query(query)).await?;
        let result = found.into_iter().map(translate::scored).collect();
        Ok(Response::new(QueryResponse { result, ..QueryResponse::default() }))
    }

    async fn query_batch(&self, request: Request<QueryBatchPoints>) -> Answer<QueryBatchResponse> {
        let request = self.enter(request).await?;
        let queries = request.query_points.into_iter().map(translate::query).collect::<Result<Vec<_>, _>>()?;
        let found = self.blocking(move |engine| {
            let collection = engine.get(&request.collection_name)?;
            queries.into_iter().map(|query| collection.query(query)).collect::<Result<Vec<_>, _>>()
        });
        let batch = |found: Vec<_>| BatchResult { result: found.into_iter().map(translate::scored).collect() };
        let result = found.await?.into_iter().map(batch).collect();
        Ok(Response::new(QueryBatchResponse { result, ..QueryBatchResponse::default() }))
    }

    async fn count(&self, request: Request<CountPoints>) -> Answer<CountResponse> {
        let request = self.enter(request).await?;
        let filter = request.filter.map(translate::filter).transpose()?;
        let count = self.blocking(move |engine| engine.get(&request.collection_name)?.count(filter)).await?;
        Ok(Response::new(CountResponse { result: Some(CountResult { count }), ..CountResponse::default() }))
    }

    async fn scroll(&self, request: Request<ScrollPoints>) -> Answer<ScrollResponse> {
        let request = self.enter(request).await?;
        if request.order_by.is_some() || request.with_vectors.is_some() {
            return Err(Status::unimplemented("the double scrolls by id and without vectors"));
        }
        let scroll = ScrollRequest {
            offset: request.offset.map(|offset| translate::id(Some(offset))).transpose()?,
            limit: request.limit.map(|limit| limit as usize),
            filter: request.filter.map(translate::filter).transpose()?,
            with_payload: Some(translate::with_payload(request.with_payload, true)?),
            with_vector: WithVector::Bool(false),
            order_by: None,
        };
        let (found, next) = self.blocking(move |engine| engine.get(&request.collection_name)?.scroll(scroll)).await?;
        let point = |point: qdrant_edge::Record| RetrievedPoint {
            id: Some(translate::id_back(point.id)),
            payload: translate::payload_back(point.payload),
            ..RetrievedPoint::default()
        };
        let result = found.into_iter().map(point).collect();
        let next_page_offset = next.map(translate::id_back);
        Ok(Response::new(ScrollResponse { next_page_offset, result, ..ScrollResponse::default() }))
    }

    absent! {
        get(GetPoints) -> GetResponse;
        update_vectors(UpdatePointVectors) -> PointsOperationResponse;
        delete_vectors(DeletePointVectors) -> PointsOperationResponse;
        set_payload(SetPayloadPoints) -> PointsOperationResponse;
        overwrite_payload(SetPayloadPoints) -> PointsOperationResponse;
        delete_payload(DeletePayloadPoints) -> PointsOperationResponse;
        clear_payload(ClearPayloadPoints) -> PointsOperationResponse;
        delete_field_index(DeleteFieldIndexCollection) -> PointsOperationResponse;
        create_vector_name(CreateVectorNameRequest) -> PointsOperationResponse;
        delete_vector_name(DeleteVectorNameRequest) -> PointsOperationResponse;
        search(SearchPoints) -> SearchResponse;
        search_batch(SearchBatchPoints) -> SearchBatchResponse;
        search_groups(SearchPointGroups) -> SearchGroupsResponse;
        recommend(RecommendPoints) -> RecommendResponse;
        recommend_batch(RecommendBatchPoints) -> RecommendBatchResponse;
        recommend_groups(RecommendPointGroups) -> RecommendGroupsResponse;
        discover(DiscoverPoints) -> DiscoverResponse;
        discover_batch(DiscoverBatchPoints) -> DiscoverBatchResponse;
        update_batch(UpdateBatchPoints) -> UpdateBatchResponse;
        query_groups(QueryPointGroups) -> QueryGroupsResponse;
        facet(FacetCounts) -> FacetResponse;
        search_matrix_pairs(SearchMatrixPoints) -> SearchMatrixPairsResponse;
        search_matrix_offsets(SearchMatrixPoints) -> SearchMatrixOffsetsResponse;
    }
}
