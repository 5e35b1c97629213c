//! What goes over the wire: the request as the protocol wants it, the answer as providers really send it.
//!
//! Requests use `async-openai`'s types. Answers are picked out of plain JSON instead: each provider breaks another
//! field of the typed form (numeric codes, unknown enum values, missing ids), and none of those matter here.

use std::time::Instant;

use async_openai::types::chat::{
    ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage, ChatCompletionRequestMessageContentPartImage,
    ChatCompletionRequestMessageContentPartText, ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage,
    ChatCompletionRequestUserMessageContentPart as Part, ChatCompletionStreamOptions, CreateChatCompletionRequest,
    ImageUrl, StopConfiguration,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::classify::{Said, refusal};
use super::thinking::Thinking;
use crate::model::capability::{Accepts, LimitName};
use crate::model::{ChatRequest, ErrorClass, Finish, ModelError, Picture, Role, TokenUse, tokens};

/// The body of a request for `model`, with only what it accepts.
pub fn body(request: &ChatRequest, model: &str, accepts: Accepts) -> Vec<u8> {
    let last = request.lines.len().saturating_sub(1);
    let messages = request.lines.iter().enumerate().map(|(at, line)| {
        let content = line.content.clone();
        match line.role {
            Role::User if at == last && !request.pictures.is_empty() => {
                let content = with_pictures(content, &request.pictures).into();
                ChatCompletionRequestUserMessage { content, name: None }.into()
            }
            Role::System => ChatCompletionRequestMessage::from(ChatCompletionRequestSystemMessage::from(content)),
            Role::User => ChatCompletionRequestUserMessage::from(content).into(),
            Role::Assistant => ChatCompletionRequestAssistantMessage::from(content).into(),
        }
    });
    let stops: Vec<String> =
        request.stop.iter().filter(|stop| !stop.trim().is_empty()).take(accepts.stops).cloned().collect();
    let limit = Some(request.max_tokens).filter(|limit| *limit > 0);
    let mut create = CreateChatCompletionRequest {
        messages: messages.collect(),
        model: model.to_owned(),
        stream: Some(true),
        stream_options: accepts
            .stream_options
            .then_some(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None }),
        max_completion_tokens: limit.filter(|_| accepts.limit == LimitName::MaxCompletionTokens),
        temperature: request
            .temperature
            .filter(|_| accepts.temperature)
            .map(|temperature| temperature.clamp(0.0, accepts.max_temperature)),
        top_p: request.top_p.filter(|_| accepts.top_p).map(|top_p| top_p.clamp(0.0, 1.0)),
        stop: (!stops.is_empty()).then_some(StopConfiguration::StringArray(stops)),
        ..CreateChatCompletionRequest::default()
    };
    #[expect(deprecated, reason = "most compatible servers only know the old name")]
    {
        create.max_tokens = limit.filter(|_| accepts.limit == LimitName::MaxTokens);
    }
    serde_json::to_vec(&create).expect("the request is strings and numbers, which always serialize")
}

/// A text and the pictures after it, which travel in the request: the provider needs to reach nobody for them.
fn with_pictures(text: String, pictures: &[Picture]) -> Vec<Part> {
    let picture = |picture: &Picture| {
        let data = BASE64.encode(&picture.bytes);
        let image_url = ImageUrl { url: format!("data:{};base64,{data}", picture.media_type), detail: None };
        Part::ImageUrl(ChatCompletionRequestMessageContentPartImage { image_url, prompt_cache_breakpoint: None })
    };
    let text = Part::Text(ChatCompletionRequestMessageContentPartText { text, prompt_cache_breakpoint: None });
    std::iter::once(text).chain(pictures.iter().map(picture)).collect()
}

/// What one event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing of the answer: a keep-alive.
    Nothing,
    /// A part of the answer or of its bookkeeping.
    Part,
    /// Enough: the end marker, or the longest answer that is kept.
    End,
}

/// An answer as it comes in.
#[derive(Debug, Default)]
pub struct Incoming {
    text: String,
    chars: usize,
    max_chars: usize,
    thinking: Thinking,
    finish: Option<Finish>,
    refused: bool,
    done: bool,
    usage: Option<(u64, u64)>,
    served_model: String,
    first_text: Option<Instant>,
    parts: usize,
}

impl Incoming {
    /// An answer of at most `max_chars` characters.
    pub fn new(max_chars: usize) -> Self {
        Self { max_chars, ..Self::default() }
    }

    /// Characters of text handed on.
    pub fn received(&self) -> usize {
        self.chars
    }

    /// Whether the model has said that it is finished; only usage may follow.
    pub fn is_finished(&self) -> bool {
        self.finish.is_some() || self.refused
    }

    /// When the first text arrived.
    pub fn first_text(&self) -> Option<Instant> {
        self.first_text
    }

    /// Takes the data of one event and hands on its text.
    pub fn event(&mut self, data: &[u8], on_text: &mut (dyn FnMut(&str) + Send)) -> Result<Heard, ModelError> {
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            self.done = true;
            return Ok(Heard::End);
        }
        if !data.starts_with(b"{") && !data.starts_with(b"[") {
            // `data: ping` and the like carry no part of an answer.
            return Ok(Heard::Nothing);
        }
        match serde_json::from_slice::<Value>(data) {
            Ok(value) => self.value(&value, on_text),
            Err(_) if data.contains(&b'\n') => {
                // A server that forgets the blank lines between events.
                let mut heard = Heard::Nothing;
                for line in data.split(|byte| *byte == b'\n') {
                    match self.event(line, on_text)? {
                        Heard::End => return Ok(Heard::End),
                        Heard::Part => heard = Heard::Part,
                        Heard::Nothing => {}
                    }
                }
                Ok(heard)
            }
            // Skipping it would leave a hole in the answer.
            Err(_) => Err(ModelError::new(ErrorClass::Malformed, "a part of the answer is not valid JSON")),
        }
    }

    /// Takes one chunk, or a whole answer from a server that does not stream.
    pub fn value(&mut self, value: &Value, on_text: &mut (dyn FnMut(&str) + Send)) -> Result<Heard, ModelError> {
        let choice = value.get("choices").and_then(|choices| choices.get(0));
        let failed = value.is_array()
            || value.get("error").is_some_and(|error| !error.is_null())
            || value.get("object").and_then(Value::as_str) == Some("error")
            || choice.and_then(|choice| choice.get("error")).is_some_and(|error| !error.is_null());
        if failed {
            let said = match choice {
                Some(choice) if value.get("error").is_none() => Said::from_value(choice),
                _ => Said::from_value(value),
            };
            return Err(refusal(200, &said));
        }
        let mut heard = Heard::Nothing;
        if let Some(usage) = usage(value) {
            self.usage = Some(usage);
            heard = Heard::Part;
        }
        if self.served_model.is_empty()
            && let Some(model) = value.get("model").and_then(Value::as_str)
        {
            self.served_model = model.chars().take(MAX_MODEL_CHARS).collect();
        }
        let Some(choice) = choice else { return Ok(heard) };
        self.parts += 1;
        let part = ["delta", "message"].iter().find_map(|field| choice.get(field).filter(|part| part.is_object()));
        if part.and_then(|part| part.get("refusal")).and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
            self.refused = true;
        }
        let is_summary = choice.get("delta").is_none() && !self.text.is_empty();
        let content = part.and_then(|part| part.get("content")).or_else(|| choice.get("text"));
        if let Some(text) = content.and_then(text_of)
            && !is_summary
        {
            self.say(&text, on_text);
        }
        match choice.get("finish_reason").and_then(Value::as_str).unwrap_or_default().to_lowercase().as_str() {
            "" => {}
            "length" | "max_tokens" | "model_length" | "max_output_tokens" => self.finish = Some(Finish::Length),
            "content_filter" | "safety" | "refusal" | "recitation" | "prohibited_content" | "blocklist" | "spii" => {
                self.refused = true;
            }
            "error" => return Err(ModelError::new(ErrorClass::Down, "the provider broke off the answer")),
            _ => self.finish = Some(Finish::Stop),
        }
        Ok(if self.chars >= self.max_chars { Heard::End } else { Heard::Part })
    }

    fn say(&mut self, text: &str, on_text: &mut (dyn FnMut(&str) + Send)) {
        let shown = self.thinking.filter(text);
        self.show(&shown, on_text);
    }

    fn show(&mut self, shown: &str, on_text: &mut (dyn FnMut(&str) + Send)) {
        let room = self.max_chars - self.chars;
        let (kept, chars) = match shown.char_indices().nth(room) {
            Some((end, _)) => (&shown[..end], room),
            None => (shown, shown.chars().count()),
        };
        if kept.is_empty() {
            return;
        }
        self.first_text.get_or_insert_with(Instant::now);
        self.chars += chars;
        self.text.push_str(kept);
        on_text(kept);
        if self.chars >= self.max_chars {
            self.finish = Some(Finish::Length);
        }
    }

    /// The answer once nothing more comes: its text, why it ended, and the tokens of the call.
    ///
    /// Errs with the class of an answer that is none: refused, cut off, empty.
    pub fn end(mut self, request: &ChatRequest, on_text: &mut (dyn FnMut(&str) + Send)) -> Result<Ended, ModelError> {
        let held = self.thinking.release();
        self.show(&held, on_text);
        let received = self.chars;
        let failed = |class, detail: &str| Err(ModelError { received, ..ModelError::new(class, detail) });
        if self.refused {
            return failed(ErrorClass::Refused, "the provider's content rules stopped the answer");
        }
        let finish = match self.finish {
            Some(finish) => finish,
            None if self.done && self.parts > 0 => Finish::Stop,
            None if self.parts == 0 => {
                return failed(ErrorClass::Malformed, "the answer has none of the parts of a chat completion");
            }
            None => return failed(ErrorClass::Truncated, "the answer ended without its end"),
        };
        if self.text.trim().is_empty() {
            let detail = match finish {
                Finish::Stop => "the model said nothing",
                Finish::Length => "the model used up its tokens before it said anything; allow it more",
            };
            return failed(ErrorClass::Empty, detail);
        }
        let tokens = match self.usage {
            Some((prompt, completion)) if is_plausible(prompt, completion, request, &self.text) => {
                TokenUse { prompt, completion, by_provider: true }
            }
            _ => TokenUse {
                prompt: (tokens::count_prompt(&request.lines) + request.pictures.len() * tokens::PER_PICTURE) as u64,
                completion: tokens::count(&self.text) as u64,
                by_provider: false,
            },
        };
        Ok(Ended { text: self.text, finish, tokens, served_model: self.served_model })
    }
}

/// Longest name of the serving model that is kept.
const MAX_MODEL_CHARS: usize = 200;

/// A complete answer before it is timed.
#[derive(Debug)]
pub struct Ended {
    pub text: String,
    pub finish: Finish,
    pub tokens: TokenUse,
    pub served_model: String,
}

/// Text, as a string or as a list of parts.
fn text_of(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(
            parts
                .iter()
                .filter_map(|part| part.get("text").and_then(Value::as_str).or_else(|| part.as_str()))
                .collect(),
        ),
        _ => None,
    }
}

fn usage(value: &Value) -> Option<(u64, u64)> {
    let usage = value
        .get("usage")
        .filter(|usage| usage.is_object())
        .or_else(|| value.get("x_groq").and_then(|groq| groq.get("usage")))?;
    let number = |names: [&str; 2]| {
        names.iter().find_map(|name| {
            let number = usage.get(name)?;
            number.as_u64().or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
        })
    };
    Some((number(["prompt_tokens", "input_tokens"])?, number(["completion_tokens", "output_tokens"])?))
}

/// Tokens a provider may add to a prompt for its own instructions and template.
const HIDDEN_PROMPT: u64 = 4_096;

/// Tokens a model may spend on thinking that is not shown.
const HIDDEN_THINKING: u64 = 131_072;

/// Whether the provider's count can be true; a budget must not be settled on one that cannot.
fn is_plausible(prompt: u64, completion: u64, request: &ChatRequest, text: &str) -> bool {
    let most_prompt = tokens::upper_bound_prompt(&request.lines) as u64 * 2 + HIDDEN_PROMPT;
    let most_completion = u64::from(request.max_tokens).max(text.len() as u64) + HIDDEN_THINKING;
    (1..=most_prompt).contains(&prompt) && (1..=most_completion).contains(&completion)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::ChatLine;

    fn request() -> ChatRequest {
        ChatRequest {
            lines: vec![ChatLine { role: Role::User, content: "How are you?".into() }],
            max_tokens: 100,
            ..ChatRequest::default()
        }
    }

    fn hear(events: &[&str]) -> (String, Result<Ended, ModelError>) {
        let mut heard = String::new();
        let mut on_text = |text: &str| heard.push_str(text);
        let mut incoming = Incoming::new(1_000);
        for event in events {
            match incoming.event(event.as_bytes(), &mut on_text) {
                Ok(Heard::End) => break,
                Ok(_) => {}
                Err(error) => return (heard, Err(error)),
            }
        }
        let ended = incoming.end(&request(), &mut on_text);
        (heard, ended)
    }

    fn class(events: &[&str]) -> ErrorClass {
        hear(events).1.unwrap_err().class
    }

    const STOP: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;

    fn part(text: &str) -> String {
        serde_json::json!({"choices": [{"delta": {"content": text}}]}).to_string()
    }

    #[test]
    fn only_what_is_accepted_is_sent() {
        let request = ChatRequest {
            temperature: Some(1.5),
            top_p: Some(0.5),
            stop: vec!["\n".into(), "User:".into()],
            ..request()
        };
        let sent = |accepts| serde_json::from_slice::<Value>(&body(&request, "m", accepts)).unwrap();
        let all = sent(Accepts::at("localhost", "m"));
        assert_eq!(
            all,
            serde_json::json!({
                "model": "m", "stream": true, "stream_options": {"include_usage": true}, "max_tokens": 100,
                "temperature": 1.5, "top_p": 0.5, "stop": ["User:"],
                "messages": [{"role": "user", "content": "How are you?"}],
            })
        );
        let bare = sent(Accepts::at("api.openai.com", "gpt-5-mini"));
        assert_eq!(
            bare,
            serde_json::json!({
                "model": "m", "stream": true, "stream_options": {"include_usage": true},
                "max_completion_tokens": 100, "messages": [{"role": "user", "content": "How are you?"}],
            })
        );
    }

    #[test]
    fn a_plain_stream_is_an_answer() {
        let (heard, ended) = hear(&[
            r#"{"model":"m-1","choices":[{"delta":{"role":"assistant","content":null}}]}"#,
            &part("Hel"),
            &part("lo"),
            r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#,
            "[DONE]",
        ]);
        let ended = ended.unwrap();
        assert_eq!((heard.as_str(), ended.text.as_str()), ("Hello", "Hello"));
        assert_eq!(ended.finish, Finish::Length);
        assert_eq!(ended.tokens, TokenUse { prompt: 9, completion: 2, by_provider: true });
        assert_eq!(ended.served_model, "m-1");
    }

    #[test]
    fn reasoning_is_not_part_of_the_answer() {
        let (heard, ended) = hear(&[
            r#"{"choices":[{"delta":{"reasoning_content":"Hmm","content":""}}]}"#,
            &part("  <thi"),
            &part("nk>let me see</th"),
            &part("ink>\n\nYes"),
            STOP,
        ]);
        assert_eq!((heard.as_str(), ended.unwrap().text.as_str()), ("Yes", "Yes"));
        assert_eq!(class(&[&part("<think>for ever"), STOP]), ErrorClass::Empty);
        assert_eq!(hear(&[&part(" <"), &part("3"), STOP]).0, " <3");
        assert_eq!(hear(&[&part("<thin"), STOP]).0, "<thin");
    }

    #[test]
    fn content_in_parts_and_answers_that_are_not_streamed_are_read() {
        assert_eq!(
            hear(&[
                r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}"#,
                STOP
            ])
            .0,
            "ab"
        );
        assert_eq!(hear(&[r#"{"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]}"#]).0, "whole");
        // A last chunk that repeats the whole text as `message` adds nothing.
        assert_eq!(
            hear(&[&part("whole"), r#"{"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]}"#]).0,
            "whole"
        );
    }

    #[test]
    fn ends_that_are_no_answers_have_their_class() {
        let done = "[DONE]";
        assert_eq!(class(&[&part("a")]), ErrorClass::Truncated);
        assert_eq!(class(&[]), ErrorClass::Malformed);
        assert_eq!(class(&[done]), ErrorClass::Malformed);
        assert_eq!(class(&[STOP, done]), ErrorClass::Empty);
        assert_eq!(class(&[&part(" \n"), STOP]), ErrorClass::Empty);
        assert_eq!(
            class(&[&part("a"), r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#]),
            ErrorClass::Refused
        );
        assert_eq!(class(&[r#"{"choices":[{"delta":{"refusal":"I cannot"}}]}"#, STOP]), ErrorClass::Refused);
        assert_eq!(class(&[r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#]), ErrorClass::Down);
        assert_eq!(class(&[&part("a"), r#"{"error":{"code":502,"message":"x"}}"#]), ErrorClass::Down);
        assert_eq!(class(&[r#"{"error":{"code":429,"message":"x"}}"#]), ErrorClass::RateLimited);
        assert_eq!(class(&[r#"{"choices":[{"delta":{"conte"#]), ErrorClass::Malformed);
        assert!(hear(&[&part("a"), done]).1.is_ok());
    }

    #[test]
    fn events_of_no_content_are_passed_over() {
        let (heard, ended) = hear(&[
            "ping",
            "",
            r#"{"choices":[]}"#,
            r#"{"choices":null}"#,
            r#"{"choices":[null]}"#,
            r#"{"choices":[{"delta":null}]}"#,
            r#"{"choices":[{"delta":{"content":7}}]}"#,
            &part("a"),
            STOP,
        ]);
        assert_eq!(heard, "a");
        assert!(ended.is_ok());
    }

    #[test]
    fn events_without_blank_lines_between_them_are_told_apart() {
        assert_eq!(hear(&[&format!("{}\n{}\n{STOP}", part("a"), part("b"))]).0, "ab");
    }

    #[test]
    fn a_usage_that_cannot_be_true_is_counted_again() {
        for usage in [
            r#"{"prompt_tokens":0,"completion_tokens":0}"#,
            r#"{"prompt_tokens":-5,"completion_tokens":1}"#,
            r#"{"prompt_tokens":9,"completion_tokens":90000000}"#,
            r#"{"prompt_tokens":90000000,"completion_tokens":9}"#,
            r#"{"total_tokens":9}"#,
            r#"{"prompt_tokens":"many","completion_tokens":null}"#,
            "null",
        ] {
            let last = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"stop"}}],"usage":{usage}}}"#);
            let tokens = hear(&[&part("Hello there"), &last]).1.unwrap().tokens;
            assert_eq!(tokens, TokenUse { prompt: 11, completion: 2, by_provider: false }, "{usage}");
        }
    }

    #[test]
    fn a_longer_answer_than_is_kept_is_cut_at_a_character() {
        let mut heard = String::new();
        let mut incoming = Incoming::new(3);
        let end = incoming.event(part("äöüß").as_bytes(), &mut |text: &str| heard.push_str(text)).unwrap();
        assert_eq!(end, Heard::End);
        let ended = incoming.end(&request(), &mut |_: &str| {}).unwrap();
        assert_eq!((heard.as_str(), ended.text.as_str(), ended.finish), ("äöü", "äöü", Finish::Length));
    }

    proptest! {
        #[test]
        fn what_is_handed_on_is_what_is_returned(parts in proptest::collection::vec("\\PC{0,12}", 0..8)) {
            let parts: Vec<String> = parts.iter().map(|text| part(text)).collect();
            let mut events: Vec<&str> = parts.iter().map(String::as_str).collect();
            events.push(STOP);
            let (heard, ended) = hear(&events);
            if let Ok(ended) = ended {
                prop_assert_eq!(heard, ended.text);
            }
        }

        #[test]
        fn no_event_makes_it_panic(data in "[\\[{][a-z\":{}\\[\\],0-9 \n]{0,80}") {
            let (_, _ended) = hear(&[&data]);
        }
    }
}
