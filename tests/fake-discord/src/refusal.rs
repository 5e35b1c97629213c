//! How Discord says no.

use serde_json::{Value, json};

/// A refused request: HTTP status, Discord's own code and words.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: u64,
    pub message: String,
    /// The tree of field errors of a form; `Null`: none.
    pub errors: Box<Value>,
    /// What the line of the violation adds for the reader; never sent.
    pub hint: String,
}

/// What a handler returns.
pub(crate) type Answer = Result<Reply, Refusal>;

/// A request that was carried out.
#[derive(Debug)]
pub(crate) enum Reply {
    Json(u16, Value),
    Empty,
}

impl Reply {
    pub fn ok(value: Value) -> Answer {
        Ok(Self::Json(200, value))
    }

    pub fn empty() -> Answer {
        Ok(Self::Empty)
    }
}

impl Refusal {
    pub fn new(status: u16, code: u64, message: &str) -> Self {
        Self { status, code, message: message.to_owned(), errors: Box::default(), hint: String::new() }
    }

    /// 400 with an error at a field: `path` is dotted, `embeds.0.title`; empty: the form itself.
    pub fn form(path: &str, code: &str, message: &str) -> Self {
        let mut errors = json!({"_errors": [{"code": code, "message": message}]});
        for part in path.rsplit('.').filter(|part| !part.is_empty()) {
            errors = json!({ part: errors });
        }
        Self { errors: Box::new(errors), ..Self::new(400, 50035, "Invalid Form Body") }
    }

    pub fn too_long(path: &str, most: usize) -> Self {
        Self::form(path, "BASE_TYPE_MAX_LENGTH", &format!("Must be {most} or fewer in length."))
    }

    pub fn bad_length(path: &str, least: usize, most: usize) -> Self {
        Self::form(path, "BASE_TYPE_BAD_LENGTH", &format!("Must be between {least} and {most} in length."))
    }

    pub fn required(path: &str) -> Self {
        Self::form(path, "BASE_TYPE_REQUIRED", "This field is required")
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// 403 for want of this permission.
    pub fn permission(name: &str) -> Self {
        Self::new(403, 50013, "Missing Permissions").hint(name)
    }

    pub fn access() -> Self {
        Self::new(403, 50001, "Missing Access")
    }

    pub fn unknown_channel() -> Self {
        Self::new(404, 10003, "Unknown Channel")
    }

    pub fn unknown_message() -> Self {
        Self::new(404, 10008, "Unknown Message")
    }

    pub fn unknown_webhook() -> Self {
        Self::new(404, 10015, "Unknown Webhook")
    }

    pub fn body(&self) -> Value {
        let mut body = json!({"message": self.message, "code": self.code});
        if !self.errors.is_null() {
            body["errors"] = Value::clone(&self.errors);
        }
        body
    }

    /// One line for the reader of a failed test.
    pub fn line(&self) -> String {
        let mut line = format!("{} {} {}", self.status, self.code, self.message);
        if !self.errors.is_null() {
            line.push_str(&format!(" {}", self.errors));
        }
        if !self.hint.is_empty() {
            line.push_str(&format!(" ({})", self.hint));
        }
        line
    }
}
