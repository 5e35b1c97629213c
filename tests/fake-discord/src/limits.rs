//! Rate limits: buckets, headers and 429.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::request::Call;
use crate::state::World;
use crate::time::now;

/// Requests of the bot within a second, whatever they are.
const GLOBAL: (u32, Duration) = (50, Duration::from_secs(1));
/// Messages of the bot into one channel.
const MESSAGES: (u32, Duration) = (5, Duration::from_secs(5));
/// Executions of one webhook.
const WEBHOOK: (u32, Duration) = (5, Duration::from_secs(2));
/// Executions of all webhooks of one channel.
const WEBHOOKS_OF_CHANNEL: (u32, Duration) = (30, Duration::from_secs(60));
const REACTIONS: (u32, Duration) = (1, Duration::from_millis(250));
const OTHERS: (u32, Duration) = (50, Duration::from_secs(10));

pub(crate) type Headers = Vec<(String, String)>;

#[derive(Debug)]
struct Window {
    began: Instant,
    used: u32,
    /// Whether a request was refused in it.
    refused: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Limits {
    on: bool,
    windows: BTreeMap<String, Window>,
}

/// Method, route and major parameter: what a limit counts by.
pub(crate) fn bucket(call: &Call) -> String {
    let mut parts = Vec::new();
    for (number, part) in call.parts.iter().enumerate() {
        let is_major = number == 1 || number == 2 && matches!(call.parts[0].as_str(), "webhooks" | "interactions");
        let is_id = part.parse::<u64>().is_ok() || parts.last().is_some_and(|last| last == "reactions");
        parts.push(if is_id && !is_major { "{}".to_owned() } else { part.clone() });
    }
    format!("{} /{}", call.method, parts.join("/"))
}

/// Headers of a bucket: what fits into it, what is left, when it empties.
pub(crate) fn shown(bucket: &str, most: u32, left: u32, reset_after: Duration) -> Headers {
    let mut hasher = DefaultHasher::new();
    bucket.hash(&mut hasher);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century fit")]
    let reset = now() as f64 / 1_000.0 + reset_after.as_secs_f64();
    let headers = [
        ("x-ratelimit-limit", most.to_string()),
        ("x-ratelimit-remaining", left.to_string()),
        ("x-ratelimit-reset", format!("{reset:.3}")),
        ("x-ratelimit-reset-after", format!("{:.3}", reset_after.as_secs_f64())),
        ("x-ratelimit-bucket", format!("{:016x}", hasher.finish())),
    ];
    headers.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// The rest of a 429: headers and body. `retry_after` in seconds.
pub(crate) fn too_many(mut headers: Headers, retry_after: f64, scope: &str) -> (Headers, Value) {
    let is_global = scope == "global";
    headers.push(("retry-after".to_owned(), format!("{}", retry_after.ceil())));
    headers.push(("x-ratelimit-scope".to_owned(), scope.to_owned()));
    if is_global {
        headers.push(("x-ratelimit-global".to_owned(), "true".to_owned()));
    }
    let message = if scope == "shared" { "The resource is being rate limited." } else { "You are being rate limited." };
    (headers, json!({"message": message, "retry_after": retry_after, "global": is_global, "code": 0}))
}

impl World {
    /// Whether a request may go on, else seconds and scope; and the headers that tell.
    pub(crate) fn limit(&mut self, call: &Call) -> (Result<(), (f64, &'static str)>, Headers) {
        if !self.limits.on {
            return (Ok(()), Vec::new());
        }
        let at = Instant::now();
        let parts: Vec<&str> = call.parts.iter().map(String::as_str).collect();
        let bucket = bucket(call);
        let is_execution =
            matches!((call.method.as_str(), parts.as_slice()), ("POST", ["webhooks", id, _]) if self.is_webhook(id));
        let (most, period) = match (call.method.as_str(), parts.as_slice()) {
            ("POST", ["channels", _, "messages"]) => MESSAGES,
            _ if is_execution => WEBHOOK,
            (_, ["channels", _, "messages", _, "reactions", ..]) => REACTIONS,
            _ => OTHERS,
        };
        let own = self.limits.used(&bucket, period, at);
        let left = most.saturating_sub(own.0 + 1);
        let headers = shown(&bucket, most, left, own.1);
        let mut keys = vec![(bucket, most, period, "user")];
        if !matches!(parts.first(), Some(&"interactions")) && self.play_of(call).is_none() {
            keys.push(("global".to_owned(), GLOBAL.0, GLOBAL.1, "global"));
        }
        let channel = parts.get(1).and_then(|id| self.webhooks.get(&id.parse().ok()?)).map(|webhook| webhook.channel);
        if let Some(channel) = channel.filter(|_| is_execution) {
            let (most, period) = WEBHOOKS_OF_CHANNEL;
            keys.push((format!("webhooks of {channel}"), most, period, "shared"));
        }
        for (key, most, period, scope) in &keys {
            let (used, left) = self.limits.used(key, *period, at);
            if used < *most {
                continue;
            }
            let window = self.limits.windows.get_mut(key);
            let again = window.is_some_and(|window| std::mem::replace(&mut window.refused, true));
            if again {
                self.breach(format!("{}: sent again before retry_after had passed", call.title()));
            }
            // A global refusal tells nothing of buckets.
            let headers = if *scope == "global" { Vec::new() } else { headers };
            return (Err((left.as_secs_f64().max(0.001), scope)), headers);
        }
        for (key, ..) in keys {
            let window = self.limits.windows.entry(key);
            window.or_insert(Window { began: at, used: 0, refused: false }).used += 1;
        }
        (Ok(()), headers)
    }

    fn is_webhook(&self, id: &str) -> bool {
        id.parse().is_ok_and(|id: u64| self.webhooks.contains_key(&id))
    }
}

impl Limits {
    /// How much of the window is used, and how long it lasts yet; an old one is cleared.
    fn used(&mut self, key: &str, period: Duration, at: Instant) -> (u32, Duration) {
        match self.windows.get(key) {
            Some(window) if at - window.began < period => (window.used, period - (at - window.began)),
            _ => {
                self.windows.remove(key);
                (0, period)
            }
        }
    }
}

impl crate::FakeDiscord {
    /// Turns limits and their headers on or off; off at first.
    pub fn rate_limits(&self, on: bool) {
        self.shared().change(|world| world.limits = Limits { on, windows: BTreeMap::new() });
    }
}
