//! The declaration of every setting: name, default, meaning, secrecy. Nothing else knows these.

use crate::domain::spelling;

/// What holds when a setting is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// This value, read as if it had been set.
    Value(&'static str),
    /// Nothing; the text says what happens then.
    Unset(&'static str),
}

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Name of the environment variable.
    pub name: &'static str,
    pub preset: Preset,
    /// What it is for, in a line or two.
    pub doc: &'static str,
    /// Never shown; may also come from the file named by `NAME_FILE`.
    pub is_secret: bool,
}

/// Settings that are read together, under a heading of `.env.example`.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    pub title: &'static str,
    pub settings: &'static [Setting],
}

const fn value(name: &'static str, preset: &'static str, doc: &'static str) -> Setting {
    Setting { name, preset: Preset::Value(preset), doc, is_secret: false }
}

const fn unset(name: &'static str, otherwise: &'static str, doc: &'static str) -> Setting {
    Setting { name, preset: Preset::Unset(otherwise), doc, is_secret: false }
}

const fn secret(name: &'static str, otherwise: &'static str, doc: &'static str) -> Setting {
    Setting { name, preset: Preset::Unset(otherwise), doc, is_secret: true }
}

/// Variables with this prefix belong to the test suite and are never settings.
pub const TEST_PREFIX: &str = "GREENROOM_TEST_";

/// Every setting there is.
pub const GROUPS: &[Group] = &[
    Group {
        title: "Where things are kept",
        settings: &[
            value("GREENROOM_DATA_DIR", "./data", "Everything this instance keeps. Made with mode 0700."),
            secret(
                "DATABASE_URL",
                "sqlite://$GREENROOM_DATA_DIR/greenroom.db",
                "sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME.",
            ),
            unset(
                "QDRANT_URL",
                "the embedded store, in the same database as the memories",
                "Qdrant's gRPC address, such as http://127.0.0.1:6334.",
            ),
            secret("QDRANT_API_KEY", "none is sent", "Key for Qdrant."),
            value(
                "GREENROOM_MEMORY_CACHE_MB",
                "64",
                "MiB of memories that the embedded store keeps ready; about 2 KiB each. The rest is read when it is asked for.",
            ),
            unset(
                "GREENROOM_PERSONALITIES_DIR",
                "only the built-in personalities",
                "Folder with your own personality files, added to the built-in ones.",
            ),
        ],
    },
    Group {
        title: "The model that answers",
        settings: &[
            unset(
                "LLM_BASE_URL",
                "a local server if one is found (Ollama, llama.cpp, LM Studio), else the small in-process model",
                "OpenAI-compatible API, up to and including /v1.",
            ),
            secret("LLM_API_KEY", "none is sent", "Key for LLM_BASE_URL."),
            unset("LLM_MODEL", "the provider's first model", "Model name as the provider knows it."),
            unset(
                "GREENROOM_OPERATOR_KEY",
                "everyone where the model is local, else owners",
                "Who may use the operator's model: everyone, owners or nobody.",
            ),
            unset(
                "GREENROOM_PROVIDERS",
                "the built-in ones: OpenRouter, OpenAI, Anthropic, Google, Mistral, Groq, DeepSeek, xAI",
                "Further OpenAI-compatible providers that members may bring a key for: NAME=URL,NAME=URL.",
            ),
            unset(
                "GREENROOM_KEYSET",
                "keyset.json in the data directory, made at the first start",
                "File with the keys that seal members' own keys. Back it up apart from the database.",
            ),
            unset("GREENROOM_LOCAL_MODEL", "SmolLM2, fetched once", "A GGUF file for the in-process model."),
            unset(
                "LLM_CONTEXT_TOKENS",
                "taken from the table of known models",
                "Window of the model in tokens, for models the table does not know.",
            ),
            unset("LLM_VISION", "as the model's name says", "on or off: whether the model takes pictures."),
            value("LLM_CONNECT_TIMEOUT_SECS", "5", "Longest wait for a connection."),
            value("LLM_FIRST_BYTE_TIMEOUT_SECS", "20", "Longest wait for the first text of an answer."),
            value("LLM_IDLE_TIMEOUT_SECS", "30", "Longest gap within an answer."),
            value("LLM_TIMEOUT_SECS", "180", "Longest time for a whole answer."),
            value("LLM_MAX_ANSWER_CHARS", "65536", "Longest answer kept, in characters."),
        ],
    },
    Group {
        title: "Embeddings, for memory",
        settings: &[
            unset(
                "EMBEDDINGS_BASE_URL",
                "the built-in embedder",
                "OpenAI-compatible embeddings API, up to and including /v1.",
            ),
            secret("EMBEDDINGS_API_KEY", "none is sent", "Key for EMBEDDINGS_BASE_URL."),
            unset("EMBEDDINGS_MODEL", "required with EMBEDDINGS_BASE_URL", "Name of the embedding model."),
            unset(
                "GREENROOM_EMBEDDER_DIR",
                "the built-in embedder",
                "Folder of a transformer embedder (config.json, tokenizer.json, model.safetensors).",
            ),
        ],
    },
    Group {
        title: "What is made of what was said",
        settings: &[
            value(
                "GREENROOM_DISTIL",
                "on",
                "on or off: whether facts, summaries and how people stand to each other are made of what was said.",
            ),
            unset(
                "LLM_CHORE_MODEL",
                "the model that answers",
                "The operator's model for that, if another one is cheaper.",
            ),
            value("GREENROOM_SUM_UP_AFTER_HOURS", "48", "Hours after which talk is summed up; its words stay as well."),
        ],
    },
    Group {
        title: "How the house behaves",
        settings: &[
            value("OWNERS", "", "Operators, as discord:ID,matrix:@user:server,console:local."),
            value("GREENROOM_MENTION_CHAR", "@", "The character before a name that makes it a mention."),
            value("GREENROOM_WORKERS", "8", "Answers generated at once, 1 to 1024."),
            value("GREENROOM_LOCALE", "en-US", "Language for people who chose none."),
            value("GREENROOM_TIME_ZONE", "UTC", "IANA time zone for people who chose none."),
            value("GREENROOM_CALLED_AT_ONCE", "5", "Characters that one message may call, 1 to 10."),
        ],
    },
    Group {
        title: "What is fair: operators are never slowed down",
        settings: &[
            value("GREENROOM_MEMBER_PER_MINUTE", "20", "Answers that one member may ask for in a minute."),
            value("GREENROOM_PLACE_PER_MINUTE", "60", "Answers that may be asked for in one place in a minute."),
            value(
                "GREENROOM_PERSONALITY_PER_MINUTE",
                "240",
                "Answers that one character may be asked for in a minute.",
            ),
            value("GREENROOM_KEY_PER_MINUTE", "60", "Answers that one member's key may pay for in a minute."),
            value("GREENROOM_MEMBER_WAITING", "10", "Answers that may be owed to one member at a time."),
            value("GREENROOM_PLACE_WAITING", "20", "Answers that may be owed in one place at a time."),
        ],
    },
    Group {
        title: "How long things are kept",
        settings: &[
            value(
                "GREENROOM_KEEP_MESSAGES_DAYS",
                "0",
                "Days that messages are kept for the conversation; memories stay. 0: for good.",
            ),
            value(
                "GREENROOM_KEEP_WORDS_DAYS",
                "0",
                "Days that exchanges are remembered word for word; what was made of them stays. 0: for good.",
            ),
            value(
                "GREENROOM_FORGET_IDLE_DAYS",
                "0",
                "Days after which a member who says nothing is erased with everything about them. 0: never.",
            ),
        ],
    },
    Group {
        title: "Running it",
        settings: &[
            value("HTTP_ADDR", "127.0.0.1:8080", "Where /healthz and /readyz are served."),
            value("METRICS_ADDR", "127.0.0.1:9090", "Where /metrics is served. Never make this public."),
            value(
                "GREENROOM_LOG",
                "info,async_openai=off,hyper=warn,h2=warn,reqwest=warn,sqlx=warn,tower=warn",
                "What is logged, as tracing filter directives.",
            ),
            unset(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "no traces are made",
                "OpenTelemetry collector that takes traces over HTTP, such as http://127.0.0.1:4318.",
            ),
            secret(
                "OTEL_EXPORTER_OTLP_HEADERS",
                "none are sent",
                "Headers for the collector, as NAME=VALUE,NAME=VALUE; values are percent-encoded.",
            ),
            value("GREENROOM_LOG_FORMAT", "auto", "auto (text on a terminal, else json), text or json."),
        ],
    },
    Group {
        title: "Discord",
        settings: &[
            secret("DISCORD_TOKEN", "no Discord", "Bot token."),
            value(
                "DISCORD_MESSAGE_CONTENT",
                "on",
                "Ask for the text of all messages; off: only mentions, replies, direct messages and commands.",
            ),
            unset("DISCORD_API_URL", "Discord itself", "http://HOST:PORT in Discord's place; loopback only."),
            unset("PLURALKIT_API_URL", "PluralKit's own", "http://HOST:PORT/v2 in PluralKit's place."),
            secret("PLURAL_API_TOKEN", "/plu/ral is known by its texts", "Token of an application at /plu/ral."),
            unset(
                "DISCORD_PROXIES",
                "PluralKit, /plu/ral and Tupperbox",
                "NAME=APPLICATION@URL,…: more services that speak for members, with PluralKit's interface.",
            ),
            unset(
                "DISCORD_DEV_GUILD",
                "commands are registered for all",
                "Id of the one server to register commands in, while they are worked on.",
            ),
            unset(
                "GREENROOM_PUBLIC_URL",
                "small pictures of characters are kept with Discord",
                "Where others reach HTTP_ADDR: pictures of characters are shown from below it.",
            ),
        ],
    },
    Group {
        title: "Matrix",
        settings: &[
            unset("MATRIX_HOMESERVER", "no Matrix", "Address of the homeserver of the bot's account."),
            unset("MATRIX_USER", "no Matrix", "The bot's account, such as @bot:example.org."),
            secret("MATRIX_PASSWORD", "MATRIX_ACCESS_TOKEN is used", "Password of the bot's account."),
            secret("MATRIX_ACCESS_TOKEN", "MATRIX_PASSWORD is used", "Access token; needs MATRIX_DEVICE_ID."),
            unset("MATRIX_DEVICE_ID", "a new device is made", "Device of MATRIX_ACCESS_TOKEN."),
            secret(
                "MATRIX_RECOVERY_KEY",
                "the house makes one and keeps it",
                "Recovery key of an account that was verified elsewhere.",
            ),
            secret(
                "MATRIX_LOGINS",
                "every personality speaks through the bot's account",
                "Accounts of personalities, one a line: SLUG @user:server PASSWORD. Best in a file.",
            ),
            secret(
                "MATRIX_APPSERVICE",
                "only the accounts of MATRIX_LOGINS",
                "Registration as an application service, as JSON: every public personality gets an account.",
            ),
            unset(
                "MATRIX_INVITES",
                "everybody of the bot's own server, and owners",
                "Whose invitations are accepted: anyone, owners, servers and users, such as owners,example.org.",
            ),
            value(
                "MATRIX_STREAMING",
                "on",
                "Whether long answers grow while they are written: on, off, or fast where the account has no rate limit.",
            ),
        ],
    },
];

/// Every setting, in the order of [`GROUPS`].
pub fn all() -> impl Iterator<Item = &'static Setting> {
    GROUPS.iter().flat_map(|group| group.settings)
}

/// The setting of this name.
pub fn find(name: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.name == name)
}

/// The text of `.env.example`: every setting, commented out, with its meaning.
pub fn example() -> String {
    let mut text = String::from(
        "# Settings of Greenroom. Every line is optional: with none of them, it runs by itself.\n\
         # This file is printed by `greenroom config example`; the program reads the environment, not this file.\n\
         # Secrets may be kept in files instead: NAME_FILE=/run/secrets/name in place of NAME.\n",
    );
    for group in GROUPS {
        text.push_str(&format!("\n# --- {}\n", group.title));
        for setting in group.settings {
            text.push_str(&format!("\n# {}\n", setting.doc));
            match setting.preset {
                Preset::Value(value) => text.push_str(&format!("#{}={value}\n", setting.name)),
                Preset::Unset(otherwise) => {
                    text.push_str(&format!("# Not set: {otherwise}.\n#{}=\n", setting.name));
                }
            }
        }
    }
    text
}

/// The setting whose name is most like `name`, if one is near enough to be meant.
pub fn nearest(name: &str) -> Option<&'static str> {
    /// Differences beyond this are no typing mistake.
    const FAR: usize = 6;
    all()
        .map(|setting| (spelling::distance(name, setting.name), setting.name))
        .min()
        .filter(|(differences, _)| *differences <= FAR)
        .map(|(_, nearest)| nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_setting_and_nonsense_finds_none() {
        assert_eq!(nearest("GREENROOM_WORKER"), Some("GREENROOM_WORKERS"));
        assert_eq!(nearest("GREENROOM_DATADIR"), Some("GREENROOM_DATA_DIR"));
        assert_eq!(nearest("GREENROOM_COMPLETELY_DIFFERENT"), None);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = all().map(|setting| setting.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
