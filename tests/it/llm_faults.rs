//! Every fault of a model provider, one by one: the right class, in bounded time and memory, nothing handed on that is
//! not the answer, and no more requests than the rules allow.

use std::time::{Duration, Instant};

use fake_llm::{Answer, FakeLlm};
use greenroom::config::LlmConfig;
use greenroom::domain::KeySource;
use greenroom::model::openai::{Endpoint, Limits, OpenAi};
use greenroom::model::{ChatLine, ChatRequest, ErrorClass, Finish, LlmProvider, ModelError, Reply, Role};
use serde_json::json;
use tokio_util::sync::CancellationToken;

const KEY: &str = "sk-canary-0123456789";
const PROMPT: &str = "a canary sings in the prompt";

/// What one call came to.
struct Outcome {
    result: Result<Reply, ModelError>,
    /// Text handed on, in order.
    heard: String,
    took: Duration,
}

impl Outcome {
    fn class(&self) -> ErrorClass {
        match &self.result {
            Err(error) => error.class,
            Ok(reply) => panic!("answered: {:?}", reply.text),
        }
    }

    fn text(&self) -> &str {
        match &self.result {
            Ok(reply) => {
                assert_eq!(self.heard, reply.text, "what was handed on is not what was returned");
                &reply.text
            }
            Err(error) => panic!("failed: {error}"),
        }
    }
}

/// Longer than any call takes that no limit ends, also where the machine stands still for a while.
const AMPLE: Duration = Duration::from_secs(10);

/// Short waits between tries, and no other limit that a call could reach: whoever is about a limit sets it.
fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(30),
        idle: Duration::from_secs(30),
        total: Duration::from_secs(60),
        retry_waits: [Duration::from_millis(20), Duration::from_millis(40)],
        longest_wait: Duration::from_secs(2),
        ..Limits::from(&LlmConfig::default())
    }
}

fn provider_at(url: &str, limits: Limits) -> OpenAi {
    let endpoint = Endpoint {
        base_url: url.to_owned(),
        key: Some(KEY.to_owned().into()),
        key_source: KeySource::Operator,
        model: "fake-model".into(),
        context_tokens: None,
        sees: None,
        label: None,
    };
    OpenAi::new(endpoint, limits).unwrap()
}

fn request() -> ChatRequest {
    ChatRequest {
        lines: vec![ChatLine { role: Role::User, content: PROMPT.into() }],
        max_tokens: 64,
        ..ChatRequest::default()
    }
}

async fn ask(provider: &OpenAi) -> Outcome {
    ask_until(provider, &CancellationToken::new()).await
}

async fn ask_until(provider: &OpenAi, cancel: &CancellationToken) -> Outcome {
    let mut heard = String::new();
    let start = Instant::now();
    let result = provider.reply(&request(), &mut |text: &str| heard.push_str(text), cancel).await;
    let outcome = Outcome { result, heard, took: start.elapsed() };
    let shown = format!("{:?} {provider:?}", outcome.result.as_ref().map(|_| ()));
    assert!(!shown.contains("canary"), "a key or a prompt got out: {shown}");
    if let Err(error) = &outcome.result {
        let shown = format!("{error} {}", error.detail);
        assert!(!shown.contains("canary") && !shown.contains("upstream trouble"), "{shown}");
        assert_eq!(error.received, outcome.heard.chars().count(), "characters that had arrived");
    }
    outcome
}

/// Asks a server that gives these answers; also returns how many requests it took.
async fn given(answers: impl IntoIterator<Item = Answer>) -> (Outcome, usize) {
    let server = FakeLlm::start().await;
    for answer in answers {
        server.then(answer);
    }
    let outcome = ask(&provider_at(&server.url(), limits())).await;
    (outcome, server.chats())
}

/// Asks a server that gives this answer every time.
async fn always(answer: Answer) -> (Outcome, usize) {
    always_within(limits(), answer).await
}

async fn always_within(limits: Limits, answer: Answer) -> (Outcome, usize) {
    let server = FakeLlm::start().await;
    server.otherwise(move |_| answer.clone());
    let outcome = ask(&provider_at(&server.url(), limits)).await;
    (outcome, server.chats())
}

// L1: no connection.

#[tokio::test]
async fn a_refused_connection_is_tried_three_times() {
    let outcome = ask(&provider_at(&FakeLlm::refusing().await, limits())).await;
    assert_eq!(outcome.class(), ErrorClass::Down);
    assert!(outcome.took >= Duration::from_millis(60), "both waits were kept: {:?}", outcome.took);
    assert!(outcome.took < AMPLE);
}

#[tokio::test]
async fn an_unknown_name_and_a_server_without_tls_are_failures_to_connect() {
    let outcome = ask(&provider_at("http://no-such-host.invalid/v1", limits())).await;
    assert_eq!(outcome.class(), ErrorClass::Down);
    let server = FakeLlm::start().await;
    let outcome = ask(&provider_at(&server.url().replace("http:", "https:"), limits())).await;
    assert_eq!(outcome.class(), ErrorClass::Down);
    assert_eq!(server.seen().len(), 0, "nothing is sent in the clear instead");
}

// L2, L11: too slow.

#[tokio::test]
async fn silence_ends_with_the_first_byte_limit_and_is_not_tried_again() {
    for answer in [Answer::silence(), Answer::stall()] {
        let limits = Limits { first_byte: Duration::from_millis(400), ..limits() };
        let (outcome, requests) = always_within(limits, answer).await;
        assert_eq!((outcome.class(), requests), (ErrorClass::TimedOut, 1));
        assert!((Duration::from_millis(400)..AMPLE).contains(&outcome.took), "{:?}", outcome.took);
    }
}

#[tokio::test]
async fn a_gap_within_an_answer_ends_it() {
    let limits = Limits { idle: Duration::from_secs(1), ..limits() };
    let (outcome, requests) = always_within(limits, Answer::stall_after("Once upon")).await;
    assert_eq!((outcome.class(), requests, outcome.heard.as_str()), (ErrorClass::TimedOut, 1, "Once upon"));
    assert!(outcome.took < AMPLE, "{:?}", outcome.took);
}

#[tokio::test]
async fn keep_alives_without_content_do_not_keep_a_call_alive_for_ever() {
    for answer in [Answer::keep_alives(Duration::from_millis(50)), Answer::empty_events(Duration::from_millis(50))] {
        let half = Duration::from_millis(500);
        let (outcome, requests) = always_within(Limits { first_byte: half, idle: half, ..limits() }, answer).await;
        assert_eq!((outcome.class(), requests), (ErrorClass::TimedOut, 1));
        assert!(outcome.took < AMPLE, "{:?}", outcome.took);
    }
}

#[tokio::test]
async fn a_slow_drip_ends_with_the_limit_of_the_whole_call() {
    let server = FakeLlm::start().await;
    server.then(Answer::drip("word ", Duration::from_millis(100)));
    let limits = Limits { total: Duration::from_secs(2), ..limits() };
    let outcome = ask(&provider_at(&server.url(), limits)).await;
    assert_eq!(outcome.class(), ErrorClass::TimedOut);
    assert!(!outcome.heard.is_empty());
    assert!((Duration::from_secs(2)..AMPLE).contains(&outcome.took), "{:?}", outcome.took);
}

#[tokio::test]
async fn retries_do_not_outlast_the_whole_call() {
    let server = FakeLlm::start().await;
    server.otherwise(|_| Answer::html(503));
    let limits = Limits {
        total: Duration::from_secs(5),
        retry_waits: [Duration::from_millis(20), Duration::from_secs(60)],
        ..limits()
    };
    let outcome = ask(&provider_at(&server.url(), limits)).await;
    assert_eq!((outcome.class(), server.chats()), (ErrorClass::Down, 2));
    assert!(outcome.took < AMPLE, "{:?}", outcome.took);
}

// L3: cut off.

#[tokio::test]
async fn a_break_before_the_first_word_is_tried_once_more() {
    let (outcome, requests) = given([Answer::break_after(""), Answer::text("fine")]).await;
    assert_eq!((outcome.text(), requests), ("fine", 2));
    let (outcome, requests) = always(Answer::break_after("")).await;
    assert_eq!((outcome.class(), requests), (ErrorClass::Truncated, 2));
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_no_answer_and_never_started_over() {
    for answer in [Answer::break_after("Once upon"), Answer::end_after("Once upon")] {
        let (outcome, requests) = given([answer, Answer::text("another story")]).await;
        assert_eq!((outcome.class(), requests, outcome.heard.as_str()), (ErrorClass::Truncated, 1, "Once upon"));
    }
}

#[tokio::test]
async fn a_break_after_the_finish_loses_only_the_bookkeeping() {
    let (outcome, requests) = given([Answer::break_after_finish("All said.")]).await;
    assert_eq!((outcome.text(), requests), ("All said.", 1));
    assert!(!outcome.result.unwrap().tokens.by_provider);
}

// L4: garbled.

#[tokio::test]
async fn a_part_that_is_no_json_ends_the_answer() {
    let (outcome, requests) = given([Answer::bad_json_after("Once "), Answer::text("x")]).await;
    assert_eq!((outcome.class(), requests, outcome.heard.as_str()), (ErrorClass::Malformed, 1, "Once "));
    let (outcome, requests) = given([Answer::bad_json_after(""), Answer::text("fine")]).await;
    assert_eq!((outcome.text(), requests), ("fine", 2));
}

#[tokio::test]
async fn events_without_content_are_passed_over() {
    let (outcome, requests) = given([Answer::with_empty_events("whole")]).await;
    assert_eq!((outcome.text(), requests), ("whole", 1));
}

#[tokio::test]
async fn an_error_within_a_good_stream_is_an_error() {
    let (outcome, requests) = given([Answer::error_in_stream("Once ", &json!(502)), Answer::text("x")]).await;
    assert_eq!((outcome.class(), requests, outcome.heard.as_str()), (ErrorClass::Down, 1, "Once "));
    let (outcome, requests) = given([Answer::error_in_stream("", &json!("401")), Answer::text("x")]).await;
    assert_eq!((outcome.class(), requests), (ErrorClass::KeyInvalid, 1));
    let (outcome, requests) = given([Answer::error_in_stream("", &json!("server_error")), Answer::text("fine")]).await;
    assert_eq!((outcome.text(), requests), ("fine", 2));
}

#[tokio::test]
async fn a_web_page_or_an_empty_body_is_no_answer() {
    for answer in [Answer::html(200), Answer::nothing(), Answer::raw(200, "application/json", b"{\"status\":\"ok\"}")] {
        let (outcome, requests) = always(answer).await;
        assert_eq!((outcome.class(), requests, outcome.heard.as_str()), (ErrorClass::Malformed, 2, ""));
    }
}

#[tokio::test]
async fn characters_that_are_split_between_writes_stay_whole() {
    let text = "Grüße, 世界 \u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}!";
    let (outcome, _) = given([Answer::byte_by_byte(text)]).await;
    assert_eq!(outcome.text(), text);
}

#[tokio::test]
async fn retransmitted_events_are_heard_once() {
    let (outcome, _) = given([Answer::retransmitted(&["ha", "ha", "!"])]).await;
    assert_eq!(outcome.text(), "haha!");
}

#[tokio::test]
async fn a_delta_of_five_megabytes_and_a_line_without_end_are_refused() {
    for answer in [Answer::huge_delta(5 * 1024 * 1024), Answer::endless_line(64 * 1024)] {
        let (outcome, requests) = always(answer).await;
        assert_eq!((outcome.class(), requests, outcome.heard.as_str()), (ErrorClass::Malformed, 2, ""));
        assert!(outcome.took < AMPLE, "{:?}", outcome.took);
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_at_the_longest_that_is_kept() {
    let server = FakeLlm::start().await;
    server.then(Answer::endless_text("wörter "));
    let outcome = ask(&provider_at(&server.url(), Limits { max_answer_chars: 10_000, ..limits() })).await;
    assert_eq!(outcome.text().chars().count(), 10_000);
    let reply = outcome.result.unwrap();
    assert_eq!(reply.finish, Finish::Length);
    assert!(!reply.tokens.by_provider);
}

#[tokio::test]
async fn an_error_body_without_end_is_not_read_to_its_end() {
    let server = FakeLlm::start().await;
    let page = vec![b'<'; 6 * 1024 * 1024];
    server.otherwise(move |_| Answer::raw(401, "text/html", &page));
    let outcome = ask(&provider_at(&server.url(), limits())).await;
    assert_eq!((outcome.class(), server.chats()), (ErrorClass::KeyInvalid, 1));
}

// L5: nothing to say.

#[tokio::test]
async fn refusals_and_empty_answers_have_their_class_and_are_not_tried_again() {
    for (answer, class) in [
        (Answer::content_filter("Once"), ErrorClass::Refused),
        (Answer::content_filter(""), ErrorClass::Refused),
        (Answer::model_refusal(), ErrorClass::Refused),
        (Answer::error(400, "content_filter", "canary"), ErrorClass::Refused),
        (Answer::empty(), ErrorClass::Empty),
        (Answer::text(" \n "), ErrorClass::Empty),
    ] {
        let (outcome, requests) = always(answer).await;
        assert_eq!((outcome.class(), requests), (class, 1));
    }
}

// L6, L7, L9 and what cannot be cured: one request and no more.

#[tokio::test]
async fn refusals_that_no_retry_cures_are_asked_once() {
    for (answer, class) in [
        (Answer::error(401, "invalid_api_key", "Incorrect API key provided: sk-canary"), ErrorClass::KeyInvalid),
        (Answer::numeric_error(401), ErrorClass::KeyInvalid),
        (Answer::numeric_error(403), ErrorClass::KeyInvalid),
        (Answer::array_error(401), ErrorClass::KeyInvalid),
        (Answer::numeric_error(402), ErrorClass::NoCredit),
        (Answer::insufficient_quota(), ErrorClass::NoCredit),
        (Answer::too_long(), ErrorClass::TooLong),
        (Answer::too_long_llama_cpp(), ErrorClass::TooLong),
        (Answer::error(404, "model_not_found", "canary"), ErrorClass::BadRequest),
        (Answer::html(404), ErrorClass::BadRequest),
        (Answer::numeric_error(400), ErrorClass::BadRequest),
        (Answer::array_error(400), ErrorClass::BadRequest),
        (Answer::raw(302, "text/plain", b"").header("location", "http://127.0.0.1:1/"), ErrorClass::BadRequest),
    ] {
        let shown = format!("{answer:?}");
        let (outcome, requests) = always(answer).await;
        assert_eq!((outcome.class(), requests), (class, 1), "{shown}");
    }
}

// L8: asked to wait.

#[tokio::test]
async fn a_wait_that_is_asked_for_is_kept_once() {
    let (outcome, requests) = given([Answer::rate_limited("1"), Answer::text("fine")]).await;
    assert_eq!((outcome.text(), requests), ("fine", 2));
    assert!(outcome.took >= Duration::from_secs(1), "{:?}", outcome.took);
    let (outcome, requests) = always(Answer::rate_limited("0.1")).await;
    assert_eq!((outcome.class(), requests), (ErrorClass::RateLimited, 2));
}

#[tokio::test]
async fn a_long_wait_is_told_and_not_sat_out() {
    let dated = Answer::rate_limited("Sat, 21 Nov 2026 10:05:00 GMT").header("date", "Sat, 21 Nov 2026 10:00:00 GMT");
    for (answer, asked) in [(Answer::rate_limited("3600"), 3_600), (dated, 300)] {
        let (outcome, requests) = always(answer).await;
        assert_eq!((outcome.class(), requests), (ErrorClass::RateLimited, 1));
        assert_eq!(outcome.result.unwrap_err().retry_after, Some(Duration::from_secs(asked)));
        assert!(outcome.took < AMPLE, "{:?}", outcome.took);
    }
}

#[tokio::test]
async fn a_limit_on_one_key_does_not_hold_up_another() {
    let server = FakeLlm::start().await;
    server.then(Answer::rate_limited("3600"));
    let provider = provider_at(&server.url(), limits());
    assert_eq!(ask(&provider).await.class(), ErrorClass::RateLimited);
    let other = provider.with_key("sk-canary-other".to_owned().into(), KeySource::Member).unwrap();
    assert_eq!(ask(&other).await.text(), format!("Echo: {PROMPT}"));
    assert_eq!(other.info("").key_source, KeySource::Member);
    let keys: Vec<_> = server.seen().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect();
    assert_eq!(keys, [format!("Bearer {KEY}"), "Bearer sk-canary-other".to_owned()]);
}

// L10: a provider in trouble.

#[tokio::test]
async fn server_errors_are_tried_three_times() {
    for status in [500, 502, 503, 529] {
        let (outcome, requests) = always(Answer::html(status)).await;
        assert_eq!((outcome.class(), requests), (ErrorClass::Down, 3));
        assert_eq!(outcome.result.unwrap_err().status, Some(status));
    }
    let (outcome, requests) = given([Answer::html(502), Answer::numeric_error(500), Answer::text("fine")]).await;
    assert_eq!((outcome.text(), requests), ("fine", 3));
}

#[tokio::test]
async fn a_provider_that_keeps_failing_is_left_alone() {
    let server = FakeLlm::start().await;
    server.otherwise(|_| Answer::html(503));
    let provider = provider_at(&server.url(), limits());
    for _ in 0..20 {
        assert_eq!(ask(&provider).await.class(), ErrorClass::Down);
    }
    assert_eq!(server.chats(), 5, "the circuit opens with the fifth failure");
    let outcome = ask(&provider).await;
    assert_eq!(server.chats(), 5, "an open circuit answers without asking");
    assert!(outcome.result.unwrap_err().retry_after.is_some_and(|wait| wait <= Duration::from_secs(15)));
    let other = ChatRequest { model: "another-model".into(), ..request() };
    server.then(Answer::text("fine"));
    let reply = provider.reply(&other, &mut |_: &str| {}, &CancellationToken::new()).await;
    assert_eq!(reply.unwrap().text, "fine", "another model has its own circuit");
}

// L12: usage.

#[tokio::test]
async fn a_missing_or_impossible_usage_is_counted_here() {
    for usage in [
        None,
        Some(json!({"prompt_tokens": 0, "completion_tokens": 0})),
        Some(json!({"prompt_tokens": 4_000_000_000u32, "completion_tokens": 3})),
        Some(json!({"prompt_tokens": "seven", "completion_tokens": {}})),
    ] {
        let (outcome, _) = given([Answer::text("Hello there friend").with_usage(usage)]).await;
        let tokens = outcome.result.unwrap().tokens;
        assert!(!tokens.by_provider);
        assert_eq!(tokens.completion, 3);
        assert!((8..40).contains(&tokens.prompt), "{}", tokens.prompt);
    }
    let (outcome, _) = given([Answer::text("Hello there friend")]).await;
    let tokens = outcome.result.unwrap().tokens;
    assert_eq!((tokens.prompt, tokens.completion, tokens.by_provider), (7, 3, true));
}

// Around the faults.

#[tokio::test]
async fn a_parameter_that_is_refused_is_given_up_and_not_sent_again() {
    let server = FakeLlm::start().await;
    server.otherwise(|body| {
        let refuse = |name: &str| Answer::error(400, "unsupported_parameter", &format!("Unknown parameter: '{name}'"));
        if body.get("stream_options").is_some() {
            refuse("stream_options")
        } else if body.get("max_tokens").is_some() {
            refuse("max_tokens")
        } else {
            fake_llm::echo(body)
        }
    });
    let provider = provider_at(&server.url(), limits());
    assert_eq!(ask(&provider).await.text(), format!("Echo: {PROMPT}"));
    assert_eq!(server.chats(), 3);
    assert_eq!(ask(&provider).await.text(), format!("Echo: {PROMPT}"));
    assert_eq!(server.chats(), 4, "what was learnt is remembered");
    assert_eq!(server.seen().last().unwrap().body["max_completion_tokens"], 64);
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let whole = json!({
        "choices": [{"message": {"role": "assistant", "content": "whole"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1},
    });
    let (outcome, _) = given([Answer::refusal(200, &whole)]).await;
    assert_eq!(outcome.text(), "whole");
    assert!(outcome.result.unwrap().tokens.by_provider);
}

#[tokio::test]
async fn a_call_can_be_cancelled_wherever_it_is() {
    for answer in [
        Answer::silence(),
        Answer::stall(),
        Answer::stall_after("Once"),
        Answer::drip("word ", Duration::from_millis(20)),
        Answer::rate_limited("30"),
    ] {
        let server = FakeLlm::start().await;
        server.otherwise(move |_| answer.clone());
        let patient = Limits { longest_wait: Duration::from_secs(40), ..limits() };
        let provider = provider_at(&server.url(), patient);
        let cancel = CancellationToken::new();
        let (outcome, ()) = futures::join!(ask_until(&provider, &cancel), async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            cancel.cancel();
        });
        assert_eq!(outcome.class(), ErrorClass::Cancelled);
        assert!(outcome.took < AMPLE, "{:?}", outcome.took);
    }
}

#[tokio::test]
async fn a_cancelled_call_is_not_even_started() {
    let server = FakeLlm::start().await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let outcome = ask_until(&provider_at(&server.url(), limits()), &cancel).await;
    assert_eq!((outcome.class(), server.chats()), (ErrorClass::Cancelled, 0));
}

#[tokio::test]
async fn text_is_handed_on_as_it_arrives() {
    let server = FakeLlm::start().await;
    server.then(Answer::text("one two three four ").in_pieces(4, Duration::from_millis(300)));
    let provider = provider_at(&server.url(), limits());
    let mut arrivals = Vec::new();
    let start = Instant::now();
    let mut on_text = |_: &str| arrivals.push(start.elapsed());
    let reply = provider.reply(&request(), &mut on_text, &CancellationToken::new()).await.unwrap();
    assert_eq!(arrivals.len(), 4);
    assert!(arrivals[3] - arrivals[0] >= Duration::from_millis(600), "{arrivals:?}");
    assert!(reply.first_text <= arrivals[0] && reply.total >= arrivals[3]);
}

#[tokio::test]
async fn a_check_tells_what_is_wrong() {
    let server = FakeLlm::start().await;
    assert_eq!(provider_at(&server.url(), limits()).check().await, Ok(()));
    server.list_models(&["another"]);
    assert_eq!(provider_at(&server.url(), limits()).check().await.unwrap_err().class, ErrorClass::BadRequest);
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.path == "/v1/models"));
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    let gone = provider_at(&FakeLlm::refusing().await, limits()).check().await.unwrap_err();
    assert_eq!(gone.class, ErrorClass::Down);
    assert!(!format!("{gone:?}").contains("canary"));
}

#[tokio::test]
async fn many_faulty_streams_at_once_all_come_to_an_end() {
    let server = FakeLlm::start().await;
    let faults = [
        Answer::break_after("Once"),
        Answer::end_after("Once"),
        Answer::bad_json_after("Once"),
        Answer::text("fine"),
        Answer::html(404),
        Answer::empty(),
        Answer::huge_delta(300_000),
        Answer::byte_by_byte("ä"),
    ];
    let all = faults.clone();
    let next = std::sync::atomic::AtomicUsize::new(0);
    server.otherwise(move |_| all[next.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % all.len()].clone());
    let provider = provider_at(&server.url(), limits());
    let calls = (0..200).map(|_| ask(&provider));
    let outcomes = futures::future::join_all(calls).await;
    let answered = outcomes.iter().filter(|outcome| outcome.result.is_ok()).count();
    assert!((1..200).contains(&answered));
    for outcome in &outcomes {
        if let Err(error) = &outcome.result {
            assert!(
                !matches!(error.class, ErrorClass::Down | ErrorClass::Cancelled | ErrorClass::RateLimited),
                "{error}"
            );
        }
    }
}

// Servers on this machine.

#[tokio::test]
async fn a_server_on_this_machine_is_found_and_others_are_not_taken_for_one() {
    use greenroom::model::discover::{Candidate, find};

    let server = FakeLlm::start().await;
    server.list_models(&["nomic-embed-text", "llama3.2", "mistral"]);
    let nobody = FakeLlm::refusing().await;
    let closed: u16 = nobody.trim_end_matches("/v1").rsplit(':').next().unwrap().parse().unwrap();
    let only_embeddings = FakeLlm::start().await;
    only_embeddings.list_models(&["nomic-embed-text"]);
    let candidates = [
        Candidate::new("nobody", closed),
        Candidate::new("embeddings", only_embeddings.port()),
        Candidate::llama_cpp(server.port()),
    ];
    let start = Instant::now();
    let found = find(&candidates, None).await.unwrap();
    assert!(start.elapsed() < AMPLE, "{:?}", start.elapsed());
    assert_eq!((found.name, found.model.as_str(), found.base_url), ("llama.cpp", "llama3.2", server.url()));
    assert_eq!(found.context, 4_096);
    assert_eq!(find(&candidates, Some("mistral")).await.unwrap().model, "mistral");
    assert_eq!(find(&candidates[..2], None).await, None);
}

#[tokio::test]
async fn a_port_that_never_answers_does_not_hold_up_the_search() {
    use greenroom::model::discover::{Candidate, find};

    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let candidates = [Candidate::new("mute", mute.local_addr().unwrap().port())];
    let start = Instant::now();
    assert_eq!(find(&candidates, None).await, None);
    assert!(start.elapsed() < AMPLE, "{:?}", start.elapsed());
}
