//! What the server answers: good answers, and every fault that providers have been seen with.

use std::time::Duration;

use serde_json::{Value, json};

/// Longer than any test waits.
const NEVER: Duration = Duration::from_secs(3_600);

/// Pause that makes two writes of one.
const FLUSH: Duration = Duration::from_millis(15);

/// One thing the server does while it answers.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Wait(Duration),
    /// Sends the bytes again and again with this pause, for ever.
    Repeat(Vec<u8>, Duration),
    /// Breaks the connection within the body.
    Break,
}

/// A text that is streamed or sent at once, as the request wants.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub text: String,
    pub pieces: usize,
    pub every: Duration,
    pub finish: &'static str,
    /// `usage` of the answer; `None`: left out.
    pub usage: Option<Value>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Text(Text),
    /// Steps of the body, whatever the request wanted.
    Steps(Vec<Step>),
}

/// One answer of the server.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) before: Duration,
    pub(crate) kind: Kind,
}

impl Answer {
    fn new(kind: Kind) -> Self {
        Self { status: 200, headers: Vec::new(), before: Duration::ZERO, kind }
    }

    fn stream(steps: Vec<Step>) -> Self {
        Self::new(Kind::Steps(steps)).header("content-type", "text/event-stream")
    }

    // Good answers.

    /// A complete answer, streamed in three pieces without pause, with a usage of words.
    pub fn text(text: &str) -> Self {
        let words = text.split_whitespace().count().max(1);
        Self::new(Kind::Text(Text {
            text: text.to_owned(),
            pieces: 3,
            every: Duration::ZERO,
            finish: "stop",
            usage: Some(json!({"prompt_tokens": 7, "completion_tokens": words, "total_tokens": 7 + words})),
        }))
    }

    /// The same answer in `pieces` pieces with a pause before each.
    pub fn in_pieces(mut self, pieces: usize, every: Duration) -> Self {
        if let Kind::Text(text) = &mut self.kind {
            (text.pieces, text.every) = (pieces.max(1), every);
        }
        self
    }

    /// The same answer with another `finish_reason`.
    pub fn finishing(mut self, reason: &'static str) -> Self {
        if let Kind::Text(text) = &mut self.kind {
            text.finish = reason;
        }
        self
    }

    /// The same answer with this usage, or none.
    pub fn with_usage(mut self, usage: Option<Value>) -> Self {
        if let Kind::Text(text) = &mut self.kind {
            text.usage = usage;
        }
        self
    }

    /// The same answer with a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same answer after a pause before its first byte.
    pub fn after(mut self, wait: Duration) -> Self {
        self.before = wait;
        self
    }

    // Refusals.

    /// A status with a JSON body.
    pub fn refusal(status: u16, body: &Value) -> Self {
        Self::raw(status, "application/json", body.to_string().as_bytes())
    }

    /// Any status, content type and body.
    pub fn raw(status: u16, content_type: &str, body: &[u8]) -> Self {
        let mut answer = Self::new(Kind::Steps(vec![Step::Send(body.to_vec())])).header("content-type", content_type);
        answer.status = status;
        answer
    }

    /// An error as OpenAI words it.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::refusal(status, &json!({"error": {"message": message, "type": "invalid_request_error", "code": code}}))
    }

    /// An error whose code is a number, as OpenRouter and llama.cpp send it.
    pub fn numeric_error(status: u16) -> Self {
        Self::refusal(status, &json!({"error": {"code": status, "message": "an error with a number", "type": null}}))
    }

    /// An error within an array, as Google's endpoint sends it.
    pub fn array_error(status: u16) -> Self {
        Self::refusal(status, &json!([{"error": {"code": status, "message": "an error in a list"}}]))
    }

    /// 429 with this `Retry-After`: seconds or a date.
    pub fn rate_limited(retry_after: &str) -> Self {
        Self::error(429, "rate_limit_exceeded", "slow down").header("retry-after", retry_after)
    }

    /// 429 that no wait cures.
    pub fn insufficient_quota() -> Self {
        let error = json!({"message": "quota", "type": "insufficient_quota", "code": "insufficient_quota"});
        Self::refusal(429, &json!({ "error": error }))
    }

    /// The prompt is too long, as OpenAI says it.
    pub fn too_long() -> Self {
        Self::error(400, "context_length_exceeded", "This model's maximum context length is 4096 tokens")
    }

    /// The prompt is too long, as llama.cpp says it.
    pub fn too_long_llama_cpp() -> Self {
        let error = json!({
            "code": 400, "message": "the request exceeds the available context size", "n_prompt_tokens": 9_000,
            "type": "exceed_context_size_error", "n_ctx": 4_096,
        });
        Self::refusal(400, &json!({ "error": error }))
    }

    /// A web page with any status.
    pub fn html(status: u16) -> Self {
        Self::raw(status, "text/html", b"<html><body><h1>Something else answers here</h1></body></html>")
    }

    // Faults in time.

    /// Never a first byte.
    pub fn silence() -> Self {
        Self::text("too late").after(NEVER)
    }

    /// Headers and some text, then nothing more.
    pub fn stall_after(text: &str) -> Self {
        Self::stream(vec![Step::Send(delta(text)), Step::Wait(NEVER)])
    }

    /// Headers, then nothing.
    pub fn stall() -> Self {
        Self::stream(vec![Step::Wait(NEVER)])
    }

    /// Keep-alive comments for ever.
    pub fn keep_alives(every: Duration) -> Self {
        Self::stream(vec![Step::Repeat(b": keep-alive\n\n".to_vec(), every)])
    }

    /// Events without content for ever.
    pub fn empty_events(every: Duration) -> Self {
        Self::stream(vec![Step::Repeat(event(&json!({"choices": []})), every)])
    }

    /// A word now and then, for ever.
    pub fn drip(word: &str, every: Duration) -> Self {
        Self::stream(vec![Step::Repeat(delta(word), every)])
    }

    // Faults in the stream.

    /// Some text (or none), then a broken connection.
    pub fn break_after(text: &str) -> Self {
        let mut steps = vec![Step::Send(b": hello\n\n".to_vec())];
        if !text.is_empty() {
            steps.push(Step::Send(delta(text)));
        }
        steps.extend([Step::Wait(FLUSH), Step::Break]);
        Self::stream(steps)
    }

    /// A complete answer without its usage and end marker, then a broken connection.
    pub fn break_after_finish(text: &str) -> Self {
        Self::stream(vec![Step::Send(delta(text)), Step::Send(finish("stop")), Step::Wait(FLUSH), Step::Break])
    }

    /// Some text, then a clean end without a finish.
    pub fn end_after(text: &str) -> Self {
        Self::stream(vec![Step::Send(delta(text))])
    }

    /// A body of no bytes.
    pub fn nothing() -> Self {
        Self::stream(Vec::new())
    }

    /// Some text, then half of a JSON object.
    pub fn bad_json_after(text: &str) -> Self {
        let mut steps = Vec::new();
        if !text.is_empty() {
            steps.push(Step::Send(delta(text)));
        }
        steps.push(Step::Send(b"data: {\"choices\":[{\"delta\":{\"conte\n\n".to_vec()));
        steps.push(Step::Send(finish("stop")));
        Self::stream(steps)
    }

    /// A good answer with `choices: []`, null content, pings and comments between its parts.
    pub fn with_empty_events(text: &str) -> Self {
        let role = json!({"choices": [{"delta": {"role": "assistant", "content": null}}]});
        let odd: Vec<u8> = [
            event(&json!({"choices": []})),
            event(&json!({"choices": null})),
            event(&json!({"choices": [{"delta": null}]})),
            b": comment\n\ndata: ping\n\nevent: ping\n\n".to_vec(),
        ]
        .concat();
        Self::stream([event(&role), odd.clone(), delta(text), odd, finish("stop"), done()].map(Step::Send).to_vec())
    }

    /// An error object within a stream of status 200, after some text or none.
    pub fn error_in_stream(text: &str, code: &Value) -> Self {
        let mut steps = Vec::new();
        if !text.is_empty() {
            steps.push(Step::Send(delta(text)));
        }
        steps.push(Step::Send(event(&json!({
            "error": {"code": code, "message": "upstream trouble"},
            "choices": [{"delta": {"content": ""}, "finish_reason": "error"}],
        }))));
        Self::stream(steps)
    }

    /// A good answer whose bytes arrive one write at a time, split within characters and lines.
    pub fn byte_by_byte(text: &str) -> Self {
        let whole = [delta(text), finish("stop"), done()].concat();
        // Separate writes where it matters, within the text; the rest follows at once.
        let (slow, rest) = whole.split_at(delta(text).len());
        let mut steps: Vec<Step> =
            slow.iter().flat_map(|byte| [Step::Send(vec![*byte]), Step::Wait(Duration::from_micros(200))]).collect();
        steps.push(Step::Send(rest.to_vec()));
        Self::stream(steps)
    }

    /// A good answer whose events are each sent twice under the same event id.
    pub fn retransmitted(words: &[&str]) -> Self {
        let mut steps = Vec::new();
        for (number, word) in words.iter().enumerate() {
            let one = [format!("id: {number}\n").into_bytes(), delta(word)].concat();
            steps.extend([Step::Send(one.clone()), Step::Send(one)]);
        }
        steps.extend([Step::Send(finish("stop")), Step::Send(done())]);
        Self::stream(steps)
    }

    /// One delta of this many bytes.
    pub fn huge_delta(bytes: usize) -> Self {
        Self::stream(vec![Step::Send(delta(&"x".repeat(bytes))), Step::Send(finish("stop")), Step::Send(done())])
    }

    /// A line that never ends, in blocks of this many bytes.
    pub fn endless_line(block: usize) -> Self {
        Self::stream(vec![Step::Send(b"data: ".to_vec()), Step::Repeat(vec![b'x'; block], Duration::from_micros(100))])
    }

    /// Words without end, as fast as they can be sent.
    pub fn endless_text(word: &str) -> Self {
        Self::stream(vec![Step::Repeat(delta(word).repeat(64), Duration::ZERO)])
    }

    /// The model's own refusal.
    pub fn model_refusal() -> Self {
        let refusal = json!({"choices": [{"delta": {"refusal": "I cannot help with that."}}]});
        Self::stream([event(&refusal), finish("stop"), done()].map(Step::Send).to_vec())
    }

    /// The provider's filter stops the answer, after some text or none.
    pub fn content_filter(text: &str) -> Self {
        Self::text(text).finishing("content_filter")
    }

    /// A complete answer of no text.
    pub fn empty() -> Self {
        Self::stream([finish("stop"), done()].map(Step::Send).to_vec())
    }
}

pub(crate) fn event(value: &Value) -> Vec<u8> {
    format!("data: {value}\n\n").into_bytes()
}

pub(crate) fn delta(text: &str) -> Vec<u8> {
    event(&json!({
        "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 0, "model": "fake-model",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}],
    }))
}

pub(crate) fn finish(reason: &str) -> Vec<u8> {
    event(&json!({
        "id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 0, "model": "fake-model",
        "choices": [{"index": 0, "delta": {}, "finish_reason": reason}],
    }))
}

pub(crate) fn done() -> Vec<u8> {
    b"data: [DONE]\n\n".to_vec()
}
