//! A request as it arrived.

use std::time::Instant;

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::refusal::Refusal;
use crate::state::File;

/// A request that the fake answered.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Without `/api/v10`.
    pub path: String,
    /// Decoded.
    pub query: Vec<(String, String)>,
    /// The JSON, or the `payload_json` of a multipart body; `Null`: none.
    pub body: Value,
    /// Names of the files of a multipart body.
    pub files: Vec<String>,
    /// 0: the connection was dropped before anything was done.
    pub status: u16,
    pub at: Instant,
    /// The rate-limit bucket: method, route and major parameter.
    pub bucket: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// A parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A request on its way through the handlers.
pub(crate) struct Call {
    pub method: String,
    pub path: String,
    pub parts: Vec<String>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Value,
    /// By the number in `files[n]`.
    pub files: Vec<(u64, File)>,
    /// Bytes of the whole body.
    pub size: usize,
    /// What is wrong with the body.
    pub malformed: Option<String>,
}

impl Call {
    pub async fn read(method: &str, path: &str, query: &str, headers: HeaderMap, bytes: Bytes) -> Self {
        let parts = path.split('/').filter(|part| !part.is_empty()).map(|part| decode(part, false)).collect();
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        });
        let mut call = Self {
            method: method.to_owned(),
            path: path.to_owned(),
            parts,
            query: query.collect(),
            headers,
            body: Value::Null,
            files: Vec::new(),
            size: bytes.len(),
            malformed: None,
        };
        if let Err(error) = call.read_body(bytes).await {
            call.malformed = Some(error);
        }
        call
    }

    async fn read_body(&mut self, bytes: Bytes) -> Result<(), String> {
        if bytes.is_empty() {
            return Ok(());
        }
        let content_type = self.header("content-type").ok_or("a body without Content-Type")?.to_owned();
        if content_type.starts_with("application/json") {
            self.body = serde_json::from_slice(&bytes).map_err(|error| format!("the body is no JSON: {error}"))?;
            return Ok(());
        }
        let boundary = multer::parse_boundary(&content_type).map_err(|_| format!("Content-Type {content_type}"))?;
        let stream = futures::stream::iter([Ok::<_, std::io::Error>(bytes)]);
        let mut parts = multer::Multipart::new(stream, boundary);
        let mut fields = Map::new();
        while let Some(part) = parts.next_field().await.map_err(|error| format!("multipart: {error}"))? {
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let content_type = part.content_type().map(ToString::to_string);
            let bytes = part.bytes().await.map_err(|error| format!("multipart: {error}"))?.to_vec();
            let number = name.strip_prefix("files[").and_then(|rest| rest.strip_suffix(']')?.parse().ok());
            match (number, file_name) {
                (Some(number), Some(name)) => {
                    let content_type = content_type.unwrap_or_else(|| guess(&name));
                    self.files.push((number, File { name, content_type, bytes }));
                }
                _ if name == "payload_json" => {
                    self.body = serde_json::from_slice(&bytes).map_err(|error| format!("payload_json: {error}"))?;
                }
                (None, None) => {
                    fields.insert(name, json!(String::from_utf8_lossy(&bytes)));
                }
                _ => return Err(format!("a part of the name {name:?} is no files[n] with a file name")),
            }
        }
        if self.body.is_null() {
            self.body = Value::Object(fields);
        }
        Ok(())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A parameter of the query that is true or false.
    pub fn is_set(&self, name: &str) -> bool {
        matches!(self.parameter(name), Some("true" | "True" | "1"))
    }

    /// A snowflake in the query.
    pub fn id_parameter(&self, name: &str) -> Result<Option<u64>, Refusal> {
        self.parameter(name).map(|value| id(value, name)).transpose()
    }

    /// Whether it gets a file and no part of the API.
    pub fn is_download(&self) -> bool {
        self.parts.first().is_some_and(|part| part == "attachments")
    }

    /// Method and path, for a line about it.
    pub fn title(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A snowflake in a path or body.
pub(crate) fn id(text: &str, field: &str) -> Result<u64, Refusal> {
    let wrong = || Refusal::form(field, "NUMBER_TYPE_COERCE", &format!("Value \"{text}\" is not snowflake."));
    text.parse().map_err(|_| wrong())
}

/// A snowflake as a JSON string, or as a number where somebody sent one.
pub(crate) fn id_of(value: &Value) -> Option<u64> {
    value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_u64())
}

/// `plus_is_space`: as in queries, not in paths.
fn decode(text: &str, plus_is_space: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let pair = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                let hex = std::str::from_utf8(&pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
                bytes.push(hex.unwrap_or(b'?'));
            }
            b'+' if plus_is_space => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn guess(name: &str) -> String {
    match name.rsplit('.').next() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("json") => "application/json; charset=utf-8",
        Some("ogg") => "audio/ogg",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
    .to_owned()
}
