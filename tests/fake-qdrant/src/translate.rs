//! Between the protocol's types and the engine's. What our client does not use is refused, never guessed.

use std::collections::HashMap;

use qdrant_client::qdrant::condition::ConditionOneOf;
use qdrant_client::qdrant::r#match::MatchValue;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::points_selector::PointsSelectorOneOf;
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::vector_input::Variant as Input;
use qdrant_client::qdrant::{self as grpc, vectors, vectors_config, with_payload_selector};
use qdrant_edge::external::serde_json::{self, Map, Value as Json, json};
use qdrant_edge::{
    CreateIndex, Distance, EdgeConfig, EdgeSparseVectorParamsBuilder, EdgeVectorParamsBuilder, FieldIndexOperations,
    Filter, HnswIndexConfig, Modifier, NamedQuery, PointId, PointInsertOperations, PointOperations, PointStruct,
    Prefetch, QueryEnum, QueryRequest, ScoredPoint, ScoringQuery, SparseVector, Vector, VectorInternal, Vectors,
    WithPayloadInterface, WithVector,
};
use tonic::Status;

fn absent(what: &str) -> Status {
    Status::unimplemented(format!("the double does not know {what}"))
}

fn invalid(what: impl std::fmt::Display) -> Status {
    Status::invalid_argument(format!("Wrong input: {what}"))
}

/// The engine's settings for a new collection.
pub fn config(made: &grpc::CreateCollection) -> Result<EdgeConfig, Status> {
    let mut config = EdgeConfig::builder();
    let dense = match made.vectors_config.clone().and_then(|config| config.config) {
        Some(vectors_config::Config::ParamsMap(map)) => map.map,
        Some(vectors_config::Config::Params(params)) => HashMap::from([(String::new(), params)]),
        None => HashMap::new(),
    };
    for (name, params) in dense {
        let distance = match params.distance() {
            grpc::Distance::Cosine => Distance::Cosine,
            grpc::Distance::Dot => Distance::Dot,
            _ => return Err(absent("this distance")),
        };
        config = config.vector(name, EdgeVectorParamsBuilder::new(params.size as usize, distance).build());
    }
    for (name, params) in made.sparse_vectors_config.iter().flat_map(|config| &config.map) {
        let mut sparse = EdgeSparseVectorParamsBuilder::new();
        if params.modifier() == grpc::Modifier::Idf {
            sparse = sparse.modifier(Modifier::Idf);
        }
        config = config.sparse_vector(name.clone(), sparse.build());
    }
    if let Some(hnsw) = &made.hnsw_config {
        let mut wanted = HnswIndexConfig::default();
        wanted.m = hnsw.m.map_or(wanted.m, |m| m as usize);
        wanted.payload_m = hnsw.payload_m.map(|m| m as usize);
        config = config.hnsw_config(wanted);
    }
    Ok(config.build())
}

/// A point's id.
pub fn id(id: Option<grpc::PointId>) -> Result<PointId, Status> {
    match id.and_then(|id| id.point_id_options) {
        Some(PointIdOptions::Num(number)) => Ok(PointId::NumId(number)),
        Some(PointIdOptions::Uuid(text)) => {
            text.parse().map_err(|()| Status::invalid_argument(format!("Unable to parse UUID: {text}")))
        }
        None => Err(Status::invalid_argument("No ID options provided")),
    }
}

/// A point's id, back.
pub fn id_back(id: PointId) -> grpc::PointId {
    match id {
        PointId::NumId(number) => number.into(),
        PointId::Uuid(uuid) => uuid.to_string().into(),
    }
}

/// Points to add or replace.
pub fn points(points: Vec<grpc::PointStruct>) -> Result<PointInsertOperations, Status> {
    let point = |point: grpc::PointStruct| {
        let named = match point.vectors.and_then(|vectors| vectors.vectors_options) {
            Some(vectors::VectorsOptions::Vectors(named)) => named.vectors,
            Some(vectors::VectorsOptions::Vector(vector)) => HashMap::from([(String::new(), vector)]),
            None => HashMap::new(),
        };
        let vectors = named.into_iter().map(|(name, vector)| Ok((name, stored(vector)?)));
        let vectors = vectors.collect::<Result<Vec<_>, Status>>()?;
        let payload = point.payload.into_iter().map(|(key, value)| (key, to_json(value))).collect();
        Ok(PointStruct::new(id(point.id)?, Vectors::new_named(vectors), Json::Object(payload)).into())
    };
    Ok(PointInsertOperations::PointsList(points.into_iter().map(point).collect::<Result<_, Status>>()?))
}

fn stored(vector: grpc::Vector) -> Result<Vector, Status> {
    match vector.vector {
        Some(grpc::vector::Vector::Dense(dense)) => Ok(Vector::new_dense(dense.data)),
        Some(grpc::vector::Vector::Sparse(sparse)) => {
            Vector::new_sparse(sparse.indices, sparse.values).map_err(invalid)
        }
        _ => Err(absent("this kind of vector")),
    }
}

/// Points to remove.
pub fn deletion(points: Option<grpc::PointsSelector>) -> Result<PointOperations, Status> {
    match points.and_then(|points| points.points_selector_one_of) {
        Some(PointsSelectorOneOf::Filter(given)) => Ok(PointOperations::DeletePointsByFilter(filter(given)?)),
        Some(PointsSelectorOneOf::Points(list)) => {
            let ids = list.ids.into_iter().map(|given| id(Some(given))).collect::<Result<_, _>>()?;
            Ok(PointOperations::DeletePoints { ids })
        }
        None => Err(Status::invalid_argument("PointsSelector is empty")),
    }
}

/// A filter, by way of the JSON form that the engine reads itself.
pub fn filter(filter: grpc::Filter) -> Result<Filter, Status> {
    serde_json::from_value(filter_json(filter)?).map_err(invalid)
}

fn filter_json(filter: grpc::Filter) -> Result<Json, Status> {
    let all = |conditions: Vec<grpc::Condition>| conditions.into_iter().map(condition).collect::<Result<Vec<_>, _>>();
    if filter.min_should.is_some() {
        return Err(absent("min_should"));
    }
    let mut json = Map::new();
    for (name, conditions) in [("should", filter.should), ("must", filter.must), ("must_not", filter.must_not)] {
        if !conditions.is_empty() {
            json.insert(name.into(), all(conditions)?.into());
        }
    }
    Ok(Json::Object(json))
}

fn condition(condition: grpc::Condition) -> Result<Json, Status> {
    match condition.condition_one_of {
        Some(ConditionOneOf::Filter(filter)) => filter_json(filter),
        Some(ConditionOneOf::Field(field)) => {
            let matching = field.r#match.and_then(|matching| matching.match_value);
            let matching = match matching.ok_or_else(|| absent("a field condition without a match"))? {
                MatchValue::Keyword(word) => json!({ "value": word }),
                MatchValue::Integer(number) => json!({ "value": number }),
                MatchValue::Boolean(yes) => json!({ "value": yes }),
                MatchValue::Keywords(words) => json!({ "any": words.strings }),
                MatchValue::Integers(numbers) => json!({ "any": numbers.integers }),
                MatchValue::Text(text) => json!({ "text": text }),
                _ => return Err(absent("this kind of match")),
            };
            Ok(json!({ "key": field.key, "match": matching }))
        }
        _ => Err(absent("this kind of condition")),
    }
}

/// A query.
pub fn query(query: grpc::QueryPoints) -> Result<QueryRequest, Status> {
    if query.lookup_from.is_some() || query.shard_key_selector.is_some() {
        return Err(absent("look-ups in other collections or shards"));
    }
    let with_vector = match query.with_vectors.and_then(|selector| selector.selector_options) {
        None | Some(grpc::with_vectors_selector::SelectorOptions::Enable(false)) => WithVector::Bool(false),
        _ => return Err(absent("vectors in answers")),
    };
    Ok(QueryRequest {
        prefetches: query.prefetch.into_iter().map(prefetch).collect::<Result<_, _>>()?,
        query: scoring(query.query, query.using)?,
        filter: query.filter.map(filter).transpose()?,
        score_threshold: query.score_threshold.map(Into::into),
        limit: query.limit.unwrap_or(10) as usize,
        offset: query.offset.unwrap_or(0) as usize,
        params: None,
        with_vector,
        with_payload: with_payload(query.with_payload, false)?,
    })
}

fn prefetch(prefetch: grpc::PrefetchQuery) -> Result<Prefetch, Status> {
    Ok(Prefetch {
        prefetches: prefetch.prefetch.into_iter().map(self::prefetch).collect::<Result<_, _>>()?,
        query: scoring(prefetch.query, prefetch.using)?,
        limit: prefetch.limit.unwrap_or(10) as usize,
        params: None,
        filter: prefetch.filter.map(filter).transpose()?,
        score_threshold: prefetch.score_threshold.map(Into::into),
    })
}

fn scoring(query: Option<grpc::Query>, using: Option<String>) -> Result<Option<ScoringQuery>, Status> {
    let Some(variant) = query.and_then(|query| query.variant) else { return Ok(None) };
    let grpc::query::Variant::Nearest(input) = variant else { return Err(absent("this kind of query")) };
    let vector = match input.variant {
        Some(Input::Dense(dense)) => VectorInternal::Dense(dense.data),
        Some(Input::Sparse(sparse)) => {
            VectorInternal::Sparse(SparseVector::new(sparse.indices, sparse.values).map_err(invalid)?)
        }
        _ => return Err(absent("this kind of query vector")),
    };
    let query = NamedQuery { query: vector, using };
    Ok(Some(ScoringQuery::Vector(QueryEnum::Nearest(query))))
}

/// Whether payloads are wanted.
pub fn with_payload(
    selector: Option<grpc::WithPayloadSelector>,
    default: bool,
) -> Result<WithPayloadInterface, Status> {
    match selector.and_then(|selector| selector.selector_options) {
        None => Ok(default.into()),
        Some(with_payload_selector::SelectorOptions::Enable(on)) => Ok(on.into()),
        Some(_) => Err(absent("a choice of payload fields")),
    }
}

/// A scored point, back.
pub fn scored(point: ScoredPoint) -> grpc::ScoredPoint {
    grpc::ScoredPoint {
        id: Some(id_back(point.id)),
        payload: payload_back(point.payload),
        score: point.score,
        version: point.version,
        ..grpc::ScoredPoint::default()
    }
}

/// A payload, back.
pub fn payload_back(payload: Option<qdrant_edge::Payload>) -> HashMap<String, grpc::Value> {
    payload.into_iter().flat_map(|payload| payload.0).map(|(key, value)| (key, from_json(value))).collect()
}

/// A new index.
pub fn index(request: &grpc::CreateFieldIndexCollection) -> Result<FieldIndexOperations, Status> {
    let mut schema = match request.field_type() {
        grpc::FieldType::Keyword => json!({ "type": "keyword" }),
        grpc::FieldType::Integer => json!({ "type": "integer" }),
        _ => return Err(absent("this kind of index")),
    };
    let params = request.field_index_params.as_ref().and_then(|params| params.index_params.as_ref());
    match params {
        None => {}
        Some(grpc::payload_index_params::IndexParams::KeywordIndexParams(params)) => {
            schema["is_tenant"] = params.is_tenant().into();
        }
        Some(_) => return Err(absent("these index settings")),
    }
    Ok(FieldIndexOperations::CreateIndex(CreateIndex {
        field_name: request.field_name.parse().map_err(|()| invalid("field name"))?,
        field_schema: Some(serde_json::from_value(schema).map_err(invalid)?),
    }))
}

fn to_json(value: grpc::Value) -> Json {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(value)) => value.into(),
        Some(Kind::IntegerValue(value)) => value.into(),
        Some(Kind::DoubleValue(value)) => value.into(),
        Some(Kind::StringValue(value)) => value.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(to_json).collect(),
        Some(Kind::StructValue(object)) => {
            object.fields.into_iter().map(|(key, value)| (key, to_json(value))).collect()
        }
    }
}

fn from_json(value: Json) -> grpc::Value {
    match value {
        Json::Null => Kind::NullValue(0).into(),
        Json::Bool(value) => value.into(),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Json::String(text) => text.into(),
        Json::Array(list) => list.into_iter().map(from_json).collect::<Vec<_>>().into(),
        Json::Object(object) => {
            let fields = object.into_iter().map(|(key, value)| (key, from_json(value))).collect();
            Kind::StructValue(grpc::Struct { fields }).into()
        }
    }
}
