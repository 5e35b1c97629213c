//! Requests against Discord's published OpenAPI document, where `DISCORD_OPENAPI` or a test names its file.

use std::path::Path;

use crate::FakeDiscord;
use crate::request::Call;
use crate::state::World;

#[cfg(feature = "openapi")]
pub(crate) use with_document::Document;
#[cfg(not(feature = "openapi"))]
pub(crate) use without_document::Document;

impl World {
    /// Notes what the document says against a request that was otherwise accepted.
    pub(crate) fn validate(&mut self, call: &Call) {
        let Some(document) = &self.document else { return };
        let lines = document.complaints(call);
        self.note(call, lines);
    }
}

impl FakeDiscord {
    /// Checks requests against the document in this file; a file that is not there is passed over. Whether it was
    /// there.
    pub fn check_against(&self, openapi: &Path) -> bool {
        let document = Document::open(openapi);
        let found = document.is_some();
        self.shared().change(|world| world.document = document);
        found
    }
}

/// The document that the environment names.
pub(crate) fn from_environment() -> Option<Document> {
    #[expect(clippy::disallowed_methods, reason = "tests have no settings")]
    let path = std::env::var("DISCORD_OPENAPI").ok()?;
    Document::open(Path::new(&path))
}

#[cfg(feature = "openapi")]
mod with_document {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex, PoisonError};

    use jsonschema::{Draft, Registry, Validator};
    use serde_json::{Value, json};

    use crate::request::Call;

    /// What the document is called within itself.
    const NAME: &str = "urn:discord";

    /// Documents are read once in a process.
    static READ: Mutex<BTreeMap<PathBuf, Document>> = Mutex::new(BTreeMap::new());

    struct Inner {
        spec: Value,
        registry: Registry<'static>,
        validators: Mutex<BTreeMap<String, Option<Arc<Validator>>>>,
    }

    #[derive(Clone)]
    pub(crate) struct Document(Arc<Inner>);

    impl Document {
        pub fn open(path: &Path) -> Option<Self> {
            let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = read.get(path) {
                return Some(known.clone());
            }
            let spec: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
            let registry = Registry::new().draft(Draft::Draft202012).add(NAME, spec.clone()).ok()?.prepare().ok()?;
            let document = Self(Arc::new(Inner { spec, registry, validators: Mutex::default() }));
            read.insert(path.to_owned(), document.clone());
            Some(document)
        }

        /// What is wrong with the parameters and the body of a request; nothing for routes it does not have.
        pub fn complaints(&self, call: &Call) -> Vec<String> {
            let Some(template) = self.template(call) else { return Vec::new() };
            let method = call.method.to_lowercase();
            let operation = &self.0.spec["paths"][&template][&method];
            let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            let is_known = |name: &str| parameters.iter().any(|known| known["in"] == "query" && known["name"] == name);
            let unknown = call.query.iter().filter(|(name, _)| !is_known(name) && name != "with_counts");
            let mut lines: Vec<String> =
                unknown.map(|(name, _)| format!("the document has no parameter {name:?}")).collect();
            if let Some(validator) = self.validator(&template, &method) {
                let body = normal(&call.body);
                let errors = validator.iter_errors(&body);
                lines.extend(errors.map(|error| format!("the document says: {}: {error}", error.instance_path())));
            }
            lines
        }

        /// The path of the document that a request is for; literal parts win over parameters.
        fn template(&self, call: &Call) -> Option<String> {
            let method = call.method.to_lowercase();
            let is_parameter = |part: &str| part.starts_with('{');
            let matches = |template: &&String| {
                let parts: Vec<&str> = template.split('/').skip(1).collect();
                let fits = |(part, given): (&&str, &String)| is_parameter(part) || part == given;
                parts.len() == call.parts.len()
                    && parts.iter().zip(&call.parts).all(fits)
                    && !self.0.spec["paths"][template.as_str()][&method].is_null()
            };
            let parameters = |template: &&String| template.split('/').filter(|part| is_parameter(part)).count();
            self.0.spec["paths"].as_object()?.keys().filter(matches).min_by_key(parameters).cloned()
        }

        fn validator(&self, template: &str, method: &str) -> Option<Arc<Validator>> {
            let mut validators = self.0.validators.lock().unwrap_or_else(PoisonError::into_inner);
            let make = || {
                let schema = &self.0.spec["paths"][template][method]["requestBody"]["content"]["application/json"];
                schema["schema"].as_object()?;
                let path = template.replace('/', "~1").replace('{', "%7B").replace('}', "%7D");
                let pointer = format!("/paths/{path}/{method}/requestBody/content/application~1json/schema");
                let schema = json!({"$ref": format!("{NAME}#{pointer}")});
                let options = jsonschema::options().with_draft(Draft::Draft202012).with_registry(&self.0.registry);
                Some(Arc::new(options.build(&schema).expect("the document's schemas are valid")))
            };
            validators.entry(format!("{method} {template}")).or_insert_with(make).clone()
        }
    }

    /// The body without what Discord is known to accept against its document: numbers as ids of attachments, and
    /// texts as permission bits.
    fn normal(body: &Value) -> Value {
        let mut body = body.clone();
        let one = std::slice::from_mut(&mut body);
        let commands = if one[0].is_array() { one[0].as_array_mut().map(Vec::as_mut_slice) } else { Some(one) };
        for command in commands.into_iter().flatten() {
            let bits = command["default_member_permissions"].as_str().and_then(|bits| bits.parse::<u64>().ok());
            if let Some(bits) = bits {
                command["default_member_permissions"] = json!(bits);
            }
        }
        for outer in ["", "data", "message"] {
            let holder = if outer.is_empty() { Some(&mut body) } else { body.get_mut(outer) };
            let list = holder.and_then(|holder| holder.get_mut("attachments")).and_then(Value::as_array_mut);
            for entry in list.into_iter().flatten() {
                if let Some(id) = entry["id"].as_u64() {
                    entry["id"] = json!(id.to_string());
                }
            }
        }
        body
    }
}

#[cfg(not(feature = "openapi"))]
mod without_document {
    use std::path::Path;

    use crate::request::Call;

    /// Never there: the feature `openapi` is off.
    pub(crate) struct Document;

    impl Document {
        pub fn open(_: &Path) -> Option<Self> {
            None
        }

        pub fn complaints(&self, _: &Call) -> Vec<String> {
            Vec::new()
        }
    }
}
