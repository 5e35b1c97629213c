//! The services that speak for members, and what they say about a message that they posted.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use super::wire::{Flake, Message, flake_of};
use crate::domain::Proxied;

/// PluralKit, as Discord names whoever posts through a webhook, and its own interface.
const PLURALKIT: (&str, Flake, &str) = ("pluralkit", 466_378_653_216_014_359, "https://api.pluralkit.me/v2");
/// /plu/ral and its interface, which wants a token.
const PLURAL: (&str, Flake, &str) = ("plural", 1_291_501_048_493_768_784, "https://api.plural.gg");
/// Tupperbox, which tells nobody anything.
const TUPPERBOX: (&str, Flake) = ("tupperbox", 431_544_605_209_788_416);
/// Who asks, as PluralKit wants it said.
const USER_AGENT: &str = concat!("Greenroom/", env!("CARGO_PKG_VERSION"), " (self-hosted chat house)");
/// Waits before a service is asked again about a message it does not know yet.
pub(super) const AGAIN: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_millis(700), Duration::from_millis(1_500)];
/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time for finding out who somebody is, all tries together.
const PATIENCE: Duration = Duration::from_secs(7);
/// PluralKit takes ten questions a second.
const SPACING: Duration = Duration::from_millis(110);
/// Longest wait for a question's turn.
const LINE_MAX: Duration = Duration::from_secs(3);

/// What a service says about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// The account that really wrote it.
    pub sender: Flake,
    /// The message that it was.
    pub original: Option<Flake>,
    /// Whom it was said as; a deleted one is nobody any more.
    pub member: Option<Proxied>,
}

/// A further service with PluralKit's interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnService {
    /// What its members' names are kept under.
    pub name: String,
    /// The application that Discord says posted a message.
    pub application: Flake,
    pub url: String,
}

/// How a service is asked.
enum Interface {
    PluralKit {
        url: String,
    },
    Plural {
        url: String,
        token: HeaderValue,
    },
    /// It is not: who wrote a message is known only by what it says.
    None,
}

/// A service that speaks for members.
pub(super) struct Service {
    pub name: String,
    application: Flake,
    interface: Interface,
    /// When the next question may be asked.
    next: Mutex<Instant>,
}

/// The services that are known.
pub(super) struct Services {
    http: reqwest::Client,
    all: Vec<Service>,
}

impl Services {
    /// PluralKit at `pluralkit` or its own address, /plu/ral where there is a token, Tupperbox, and `more`.
    pub fn new(
        pluralkit: Option<&str>,
        plural_token: Option<&SecretString>,
        more: &[OwnService],
    ) -> anyhow::Result<Self> {
        // Another caller may have installed it already, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(USER_AGENT)
            .timeout(TIMEOUT);
        // Reading the system's certificates takes time that a plain address does not need.
        let is_plain = pluralkit.is_some_and(|url| url.starts_with("http:"));
        let only_plain = is_plain && plural_token.is_none() && more.iter().all(|own| own.url.starts_with("http:"));
        let http = if only_plain { client.tls_certs_only([]) } else { client };
        let service = |name: &str, application, interface| Service {
            name: name.to_owned(),
            application,
            interface,
            next: Mutex::new(Instant::now()),
        };
        let address = |url: &str| url.trim_end_matches('/').to_owned();
        let plural = match plural_token {
            Some(token) => {
                let mut token = HeaderValue::from_str(token.expose_secret().trim())?;
                token.set_sensitive(true);
                Interface::Plural { url: address(PLURAL.2), token }
            }
            None => Interface::None,
        };
        let mut all = vec![
            service(PLURALKIT.0, PLURALKIT.1, Interface::PluralKit { url: address(pluralkit.unwrap_or(PLURALKIT.2)) }),
            service(PLURAL.0, PLURAL.1, plural),
            service(TUPPERBOX.0, TUPPERBOX.1, Interface::None),
        ];
        let own =
            |own: &OwnService| service(&own.name, own.application, Interface::PluralKit { url: address(&own.url) });
        all.extend(more.iter().map(own));
        Ok(Self { http: http.build()?, all })
    }

    /// The service that posted a message for somebody; Discord itself says who posted through a webhook.
    pub fn of(&self, message: &Message) -> Option<&Service> {
        let application = message.application_id.filter(|_| message.webhook_id.is_some())?;
        self.all.iter().find(|service| service.application == application)
    }

    /// The service that a key of [`Proxied`] is from.
    pub fn of_key(&self, key: &str) -> Option<&Service> {
        let name = key.split(':').next()?;
        self.all.iter().find(|service| service.name == name)
    }

    /// What a service says about a message, asked as often as `tries` allows; `None`: nothing.
    pub async fn ask(&self, service: &Service, id: Flake, tries: usize) -> Option<Told> {
        let asking = async {
            for again in AGAIN.iter().map(Some).chain([None]).take(tries) {
                service.turn().await?;
                let question = match &service.interface {
                    Interface::PluralKit { url } => self.http.get(format!("{url}/messages/{id}")),
                    Interface::Plural { url, token } => {
                        self.http.get(format!("{url}/messages/{id}?max_wait=1")).header(AUTHORIZATION, token.clone())
                    }
                    Interface::None => return None,
                };
                let wait = match question.send().await {
                    Ok(answer) if answer.status().is_success() => {
                        return answer
                            .bytes()
                            .await
                            .ok()
                            .and_then(|body| service.told(&serde_json::from_slice(&body).ok()?));
                    }
                    // It says how long in the body, in milliseconds.
                    Ok(answer) if answer.status().as_u16() == 429 => {
                        let body = answer.bytes().await.unwrap_or_default();
                        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
                        Some(Duration::from_millis(body["retry_after"].as_u64().unwrap_or(1_000).min(5_000)))
                    }
                    Ok(_) => None,
                    Err(error) => {
                        tracing::info!(
                            service.name,
                            is_timeout = error.is_timeout(),
                            "a service that speaks for members does not answer"
                        );
                        None
                    }
                };
                match (wait, again) {
                    (Some(wait), _) => tokio::time::sleep(wait).await,
                    (None, Some(again)) => tokio::time::sleep(*again).await,
                    (None, None) => {}
                }
            }
            None
        };
        tokio::time::timeout(PATIENCE, asking).await.ok().flatten()
    }
}

impl Service {
    /// Whether it says who wrote a message.
    pub fn tells(&self) -> bool {
        !matches!(self.interface, Interface::None)
    }

    /// Whoever is shown as `name`, where the service does not tell more: a name is all there is.
    pub fn by_name(&self, name: &str) -> Option<Proxied> {
        let name = name.trim();
        let is_all = matches!(self.interface, Interface::None) && !name.is_empty();
        is_all.then(|| Proxied {
            key: format!("{}:{}", self.name, name.to_lowercase()),
            name: name.to_owned(),
            pronouns: None,
            description: None,
        })
    }

    /// Waits for a question's turn; `None`: too many wait already.
    async fn turn(&self) -> Option<()> {
        let at = {
            let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let now = Instant::now();
            let at = (*next).max(now);
            if at > now + LINE_MAX {
                return None;
            }
            *next = at + SPACING;
            at
        };
        tokio::time::sleep_until(at).await;
        Some(())
    }

    fn told(&self, answer: &Value) -> Option<Told> {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let member = &answer["member"];
        let (sender, original, id) = match self.interface {
            Interface::Plural { .. } => (&answer["author_id"], &answer["original_id"], text(&member["id"])),
            Interface::PluralKit { .. } | Interface::None => {
                (&answer["sender"], &answer["original"], text(&member["uuid"]))
            }
        };
        let proxied = id.map(|id| Proxied {
            key: format!("{}:{id}", self.name),
            name: text(&member["display_name"]).or_else(|| text(&member["name"])).unwrap_or(id),
            pronouns: text(&member["pronouns"]),
            description: None,
        });
        Some(Told { sender: flake_of(sender)?, original: flake_of(original), member: proxied })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn services() -> Services {
        let own = OwnService { name: "ours".into(), application: 9, url: "https://pk.example/v2/".into() };
        Services::new(None, Some(&"t".into()), &[own]).unwrap()
    }

    fn told(service: usize, answer: &Value) -> Option<Told> {
        services().all[service].told(answer)
    }

    #[test]
    fn whom_a_message_was_said_as_is_kept_by_what_never_changes() {
        let answer = json!({"sender": "5", "original": "9", "member": {
            "uuid": "u-1", "id": "abcde", "name": "rook", "display_name": "Rook ✨", "pronouns": null}});
        let proxied =
            |key: &str| Proxied { key: key.into(), name: "Rook ✨".into(), pronouns: None, description: None };
        assert_eq!(
            told(0, &answer),
            Some(Told { sender: 5, original: Some(9), member: Some(proxied("pluralkit:u-1")) })
        );
        assert_eq!(told(3, &answer).unwrap().member, Some(proxied("ours:u-1")));
        let nobody = Some(Told { sender: 5, original: None, member: None });
        assert_eq!(told(0, &json!({"sender": "5", "member": null})), nobody);
        assert_eq!(told(0, &json!({"message": "Message not found."})), None);
        let plural =
            json!({"author_id": 5, "original_id": 9, "proxy_id": 10, "member": {"id": "m1", "name": "Rook ✨"}});
        assert_eq!(told(1, &plural), Some(Told { sender: 5, original: Some(9), member: Some(proxied("plural:m1")) }));
    }

    #[test]
    fn only_what_discord_says_tells_the_service() {
        let services = services();
        let of =
            |message: Value| services.of(&serde_json::from_value(message).unwrap()).map(|service| service.name.clone());
        assert_eq!(of(json!({"webhook_id": "1", "application_id": "9"})).as_deref(), Some("ours"));
        assert_eq!(
            of(json!({"webhook_id": "1", "application_id": TUPPERBOX.1.to_string()})).as_deref(),
            Some("tupperbox")
        );
        assert_eq!(of(json!({"webhook_id": "1", "author": {"username": "PluralKit"}})), None);
        assert_eq!(of(json!({"application_id": "9"})), None);
        assert_eq!(services.of_key("ours:u-1").map(|service| service.application), Some(9));
        let named = |service: usize| services.all[service].by_name(" Rook ").map(|proxied| proxied.key);
        assert_eq!((named(0), named(2).as_deref()), (None, Some("tupperbox:rook")));
    }
}
