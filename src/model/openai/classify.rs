//! Says what a provider's refusal means, from the status and whatever body came with it.
//!
//! The provider's words are read here and go no further: they may carry the prompt, an account or part of a key.

use std::time::Duration;

use serde_json::Value;

use crate::domain::{Clock, Moment, SystemClock};
use crate::model::capability::Param;
use crate::model::{ErrorClass, ModelError};

/// Most of an error body that is read; the rest is prompt echo or an HTML page.
pub const MAX_ERROR_BYTES: usize = 16 * 1024;

/// A refusal in lower case: never shown, never logged.
#[derive(Default)]
pub struct Said {
    /// Machine-readable codes, types and statuses.
    codes: String,
    /// Codes and message together.
    all: String,
    /// A number in the codes that looks like an HTTP status.
    status: Option<u16>,
}

impl Said {
    /// Reads an error body: an object with `error`, an array of those, a bare message, HTML, or nothing.
    pub fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::from_value(&value),
            Err(_) => Self { all: String::from_utf8_lossy(body).to_lowercase(), ..Self::default() },
        }
    }

    /// The same for a value that is already parsed.
    pub fn from_value(value: &Value) -> Self {
        let outer = match value {
            Value::Array(items) => items.first().unwrap_or(value),
            other => other,
        };
        let error = outer.get("error").filter(|error| !error.is_null()).unwrap_or(outer);
        let mut said = Self::default();
        for holder in [error, outer] {
            for field in ["code", "type", "status", "param"] {
                said.code(holder.get(field));
            }
        }
        // Details of Google's errors name the reason in an array.
        if let Some(details) = error.get("details").and_then(Value::as_array) {
            details.iter().take(8).for_each(|detail| said.code(detail.get("reason")));
        }
        said.all.push_str(&said.codes);
        let message = match error {
            Value::String(text) => Some(text.as_str()),
            other => ["message", "detail", "msg"].iter().find_map(|field| other.get(field)?.as_str()),
        };
        let message = message.or_else(|| outer.get("message")?.as_str());
        match message {
            Some(text) => said.all.push_str(&text.to_lowercase()),
            None => said.all.push_str(&error.to_string().to_lowercase()),
        }
        said
    }

    fn code(&mut self, value: Option<&Value>) {
        let text = match value {
            Some(Value::String(text)) => text.to_lowercase(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return,
        };
        if let Ok(number) = text.parse::<u16>()
            && (400..600).contains(&number)
        {
            self.status.get_or_insert(number);
        }
        self.codes.push_str(&text);
        self.codes.push(' ');
    }

    fn codes_have(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.codes.contains(word))
    }

    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.all.contains(word))
    }

    /// The optional parameter this refusal is about, if it is about one.
    pub fn objects_to(&self) -> Option<Param> {
        const OBJECTIONS: [&str; 8] = [
            "unsupported",
            "not support",
            "unrecognized",
            "unknown",
            "extra_forbidden",
            "extra inputs",
            "not permitted",
            "cannot both be",
        ];
        if !self.says(&OBJECTIONS) && !self.says(&["invalid_request", "not allowed", "unexpected"]) {
            return None;
        }
        // `max_tokens` is looked for last: messages about other limits mention it.
        [
            ("stream_options", Param::StreamOptions),
            ("include_usage", Param::StreamOptions),
            // A message about the pair means that one of them has to go; temperature is the one people set.
            ("top_p", Param::TopP),
            ("temperature", Param::Temperature),
            ("'stop'", Param::Stop),
            ("\"stop\"", Param::Stop),
            ("`stop`", Param::Stop),
            (" stop ", Param::Stop),
            ("max_completion_tokens", Param::MaxTokens),
            ("max_tokens", Param::MaxTokens),
        ]
        .into_iter()
        .find(|(name, _)| self.all.contains(name))
        .map(|(_, param)| param)
    }
}

/// The class of a refusal with this HTTP status (200: the error came within a stream).
pub fn class_of(http: u16, said: &Said) -> ErrorClass {
    let status = if http < 400 { said.status.unwrap_or(http) } else { http };
    // A message may echo what somebody typed, so words are believed only where they fit the status.
    let client_error = status < 500;
    if status == 402
        || said.codes_have(&["insufficient_quota", "billing", "insufficient_balance", "insufficient_credits"])
        || (client_error
            && said.says(&[
                "credit balance is too low",
                "insufficient credit",
                "insufficient balance",
                "insufficient funds",
                "requires more credits",
                "exceeded your monthly included credits",
            ]))
    {
        return ErrorClass::NoCredit;
    }
    if status == 413
        || said.codes_have(&["context_length_exceeded", "exceed_context_size", "string_above_max_length"])
        || (matches!(status, 200 | 400 | 422 | 500)
            && said.says(&[
                "maximum context length",
                "context length",
                "context window",
                "context size",
                "prompt is too long",
                "input is too long",
                "input token count",
                "exceeds the maximum number of tokens",
                "exceed_context_size",
            ]))
    {
        return ErrorClass::TooLong;
    }
    if said.codes_have(&["content_filter", "content_policy", "responsibleaipolicyviolation", "moderation"])
        || (matches!(status, 200 | 400 | 403)
            && said.says(&["content management policy", "content policy", "requires moderation", "was flagged"]))
    {
        return ErrorClass::Refused;
    }
    if matches!(status, 401 | 403)
        || said.codes_have(&["invalid_api_key", "api_key_invalid", "authentication_error", "permission_error"])
        || (status == 400 && said.says(&["api key not valid", "invalid api key", "incorrect api key"]))
    {
        return ErrorClass::KeyInvalid;
    }
    match status {
        429 => ErrorClass::RateLimited,
        408 => ErrorClass::TimedOut,
        409 | 425 | 500.. => ErrorClass::Down,
        300..=499 => ErrorClass::BadRequest,
        // Within a stream and without a number: the words are all there is.
        _ if said.codes_have(&["rate_limit", "resource_exhausted", "too_many_requests"]) => ErrorClass::RateLimited,
        _ if said.codes_have(&["model_not_found", "invalid_request", "not_found"]) => ErrorClass::BadRequest,
        _ => ErrorClass::Down,
    }
}

/// The error for a refusal, in our words.
pub fn refusal(http: u16, said: &Said) -> ModelError {
    let class = class_of(http, said);
    let status = if http < 400 { said.status.unwrap_or(http) } else { http };
    let detail = match class {
        ErrorClass::KeyInvalid => format!("the provider does not accept the key (status {status})"),
        ErrorClass::NoCredit => format!("the account at the provider has no credit left (status {status})"),
        ErrorClass::RateLimited => "the provider asks for fewer requests (status 429)".to_owned(),
        ErrorClass::TooLong => "the prompt is longer than the model's window".to_owned(),
        ErrorClass::Refused => "the provider's content rules refused the prompt".to_owned(),
        ErrorClass::BadRequest if (300..400).contains(&http) => {
            format!("the address answers with a redirect (status {http}); configure the final address")
        }
        ErrorClass::BadRequest if status == 404 => {
            "the provider knows no such address or model (status 404); check the base URL and the model name".to_owned()
        }
        ErrorClass::BadRequest => format!("the provider rejects the request (status {status})"),
        _ if http < 400 => "the provider reported an error within the answer".to_owned(),
        _ => format!("the provider is in trouble (status {status})"),
    };
    ModelError { status: Some(status), ..ModelError::new(class, detail) }
}

/// How long the provider asks us to wait: seconds, milliseconds or an HTTP date.
pub fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let seconds = |text: &str, unit: f64| {
        text.parse::<f64>().ok().and_then(|number| Duration::try_from_secs_f64(number * unit).ok())
    };
    if let Some(wait) = text("retry-after-ms").and_then(|text| seconds(text, 0.001)) {
        return Some(wait);
    }
    let asked = text("retry-after")?;
    if let Some(wait) = seconds(asked, 1.0) {
        return Some(wait);
    }
    let until = http_date(asked)?;
    // The server's own clock, where it tells it, is the one its date was made with.
    let now = text("date").and_then(http_date).unwrap_or_else(|| SystemClock::default().now());
    Some(Duration::from_millis(until.millis_since(now).unsigned_abs()))
}

fn http_date(text: &str) -> Option<Moment> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Moment(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn refusals_of_the_known_providers_are_told_apart() {
        use ErrorClass::*;
        let cases: &[(u16, &str, ErrorClass)] = &[
            (
                401,
                r#"{"error":{"message":"Incorrect API key","type":"invalid_request_error","code":"invalid_api_key"}}"#,
                KeyInvalid,
            ),
            (403, "", KeyInvalid),
            (
                400,
                r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}]"#,
                KeyInvalid,
            ),
            (400, r#"{"error":{"code":400,"message":"x","details":[{"reason":"API_KEY_INVALID"}]}}"#, KeyInvalid),
            (402, r#"{"error":{"code":402,"message":"more credits"}}"#, NoCredit),
            (429, r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"quota"}}"#, NoCredit),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}"#,
                NoCredit,
            ),
            (429, r#"{"error":{"code":429,"message":"slow down"}}"#, RateLimited),
            (429, r#"[{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}]"#, RateLimited),
            (429, "<html>Too many requests</html>", RateLimited),
            (400, r#"{"error":{"code":"context_length_exceeded","message":"x"}}"#, TooLong),
            (400, r#"{"error":{"code":400,"type":"exceed_context_size_error","message":"x","n_ctx":4096}}"#, TooLong),
            (400, r#"{"error":{"message":"This model's maximum context length is 8192 tokens"}}"#, TooLong),
            (413, "", TooLong),
            (400, r#"{"error":{"code":"content_filter","message":"x"}}"#, Refused),
            (
                403,
                r#"{"error":{"code":403,"message":"Your chosen model requires moderation and your input was flagged"}}"#,
                Refused,
            ),
            (404, r#"{"error":{"code":"model_not_found","message":"x"}}"#, BadRequest),
            (404, "404 page not found", BadRequest),
            (400, r#"{"message":"no"}"#, BadRequest),
            (422, r#"{"detail":[{"msg":"x"}]}"#, BadRequest),
            (302, "", BadRequest),
            (500, r#"{"error":"boom"}"#, Down),
            (502, "<html>Bad gateway</html>", Down),
            (529, r#"{"type":"error","error":{"type":"overloaded_error"}}"#, Down),
            (503, "", Down),
            (408, "", TimedOut),
            (200, r#"{"error":{"code":401,"message":"x"}}"#, KeyInvalid),
            (200, r#"{"error":{"code":"429","message":"x"}}"#, RateLimited),
            (200, r#"{"error":{"code":"rate_limit_exceeded","message":"x"}}"#, RateLimited),
            (200, r#"{"error":{"message":"Provider returned error","code":502}}"#, Down),
            (200, r#"{"error":"something"}"#, Down),
        ];
        for (status, body, class) in cases {
            assert_eq!(class_of(*status, &Said::read(body.as_bytes())), *class, "{status} {body}");
        }
    }

    #[test]
    fn what_people_typed_does_not_decide_the_class_of_a_server_error() {
        let body = r#"{"error":{"message":"failed on: my credit balance is too low and was flagged"}}"#;
        assert_eq!(class_of(503, &Said::read(body.as_bytes())), ErrorClass::Down);
    }

    #[test]
    fn the_providers_words_do_not_get_out() {
        let body = br#"{"error":{"message":"Incorrect API key sk-live-4711 for SECRET PROMPT"}}"#;
        for status in [200, 302, 400, 401, 402, 404, 413, 429, 500] {
            let error = refusal(status, &Said::read(body));
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("4711") && !shown.contains("SECRET"), "{shown}");
        }
    }

    #[test]
    fn an_objection_names_the_parameter() {
        let cases = [
            (
                r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens"}}"#,
                Some(Param::MaxTokens),
            ),
            (
                r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0.5 with this model.","param":"temperature"}}"#,
                Some(Param::Temperature),
            ),
            (
                r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"]}]}}"#,
                Some(Param::StreamOptions),
            ),
            (
                r#"{"error":{"message":"Unrecognized request argument supplied: stream_options"}}"#,
                Some(Param::StreamOptions),
            ),
            (
                r#"{"error":{"message":"`temperature` and `top_p` cannot both be specified for this model."}}"#,
                Some(Param::TopP),
            ),
            (r#"{"error":{"message":"no such model"}}"#, None),
        ];
        for (body, param) in cases {
            assert_eq!(Said::read(body.as_bytes()).objects_to(), param, "{body}");
        }
    }

    #[test]
    fn a_wait_is_read_in_every_form() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect::<HeaderMap>()
        };
        let wait = |pairs: &[(&'static str, &'static str)]| retry_after(&headers(pairs));
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(wait(&[("retry-after", "0.5")]), Some(Duration::from_millis(500)));
        assert_eq!(wait(&[("retry-after-ms", "250"), ("retry-after", "9")]), Some(Duration::from_millis(250)));
        let date = ("date", "Sat, 21 Nov 2026 10:00:00 GMT");
        assert_eq!(wait(&[("retry-after", "Sat, 21 Nov 2026 10:00:12 GMT"), date]), Some(Duration::from_secs(12)));
        assert_eq!(wait(&[("retry-after", "Sat, 21 Nov 2026 09:00:00 GMT"), date]), Some(Duration::ZERO));
        for odd in ["soon", "-3", "NaN", "1e999", ""] {
            assert_eq!(wait(&[("retry-after", odd)]), None, "{odd}");
        }
        assert_eq!(wait(&[]), None);
    }
}
