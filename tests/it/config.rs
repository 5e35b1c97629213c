//! Settings from the outside: what is accepted, what is refused in one sentence, and that nothing else drifts.

use std::io;
use std::path::Path;

use greenroom::config::settings::{self, Preset};
use greenroom::config::{Config, SettingsError};
use secrecy::ExposeSecret;

fn read(pairs: &[(&str, &str)]) -> Result<Config, SettingsError> {
    Config::from_env(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// The one problem these settings have.
fn refusal(pairs: &[(&str, &str)]) -> String {
    let error = read(pairs).unwrap_err();
    assert_eq!(error.problems.len(), 1, "{error}");
    error.to_string()
}

#[test]
fn the_example_file_is_what_the_program_prints() {
    let file = include_str!("../../.env.example");
    assert!(file == settings::example(), "run `greenroom config example > .env.example`");
}

#[test]
fn the_example_uncommented_is_what_holds_anyway() {
    let example = settings::example();
    let pairs: Vec<_> = example
        .lines()
        .filter_map(|line| line.strip_prefix('#')?.split_once('='))
        .filter(|(name, _)| settings::find(name).is_some())
        .collect();
    assert_eq!(pairs.len(), settings::all().count());
    assert_eq!(format!("{:?}", read(&pairs).unwrap()), format!("{:?}", Config::default()));
}

#[test]
fn every_setting_is_in_the_operations_manual_and_the_manual_names_no_other() {
    let manual = include_str!("../../docs/operations.md");
    for setting in settings::all() {
        assert!(manual.contains(&format!("`{}`", setting.name)), "docs/operations.md lacks {}", setting.name);
        if let Preset::Value(value) = setting.preset
            && !value.is_empty()
        {
            assert!(manual.contains(&format!("`{value}`")), "docs/operations.md lacks the default of {}", setting.name);
        }
    }
    for (name, text) in [
        ("docs/operations.md", manual),
        ("docs/privacy.md", include_str!("../../docs/privacy.md")),
        ("README.md", include_str!("../../README.md")),
        ("AGENTS.md", include_str!("../../AGENTS.md")),
        ("Dockerfile", include_str!("../../Dockerfile")),
        ("fly.toml", include_str!("../../fly.toml")),
        ("deploy/compose.yaml", include_str!("../../deploy/compose.yaml")),
    ] {
        for word in text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')) {
            let is_ours = ["GREENROOM_", "LLM_", "EMBEDDINGS_", "QDRANT_", "DISCORD_", "MATRIX_"]
                .iter()
                .any(|prefix| word.starts_with(prefix) && word.len() > prefix.len());
            let is_for_tests = word.starts_with(settings::TEST_PREFIX) || word == "GREENROOM_CRASH_SEEDS";
            let base = word.strip_suffix("_FILE").filter(|base| settings::find(base).is_some()).unwrap_or(word);
            assert!(
                !is_ours || is_for_tests || settings::find(base).is_some(),
                "{name} names {word}, which is no setting"
            );
        }
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_one() {
    assert_eq!(
        refusal(&[("GREENROOM_WORKER", "4")]),
        "GREENROOM_WORKER is not a setting: did you mean GREENROOM_WORKERS?"
    );
    let far = refusal(&[("GREENROOM_SOMETHING_ELSE_ALTOGETHER", "4")]);
    assert!(far.contains("is not a setting") && far.contains("config example"), "{far}");
    assert!(read(&[("GREENROOM_TEST_ANYTHING", "x"), ("PATH", "/bin"), ("HOME", "/home/me")]).is_ok());
    assert!(refusal(&[("GREENROOM_WORKERS_FILE", "/x")]).contains("is not a setting"));
}

#[test]
fn each_bad_value_is_one_sentence_that_names_the_setting() {
    let bad = [
        ("DATABASE_URL", "mysql://localhost/x"),
        ("DATABASE_URL", "sqlite://"),
        ("QDRANT_URL", "localhost:6334"),
        ("GREENROOM_MEMORY_CACHE_MB", "0"),
        ("LLM_BASE_URL", "ftp://example.org"),
        ("LLM_BASE_URL", "not an address"),
        ("LLM_CONTEXT_TOKENS", "12"),
        ("LLM_CONNECT_TIMEOUT_SECS", "0"),
        ("LLM_FIRST_BYTE_TIMEOUT_SECS", "soon"),
        ("LLM_IDLE_TIMEOUT_SECS", "-1"),
        ("LLM_TIMEOUT_SECS", "1e9"),
        ("LLM_MAX_ANSWER_CHARS", "99999999999999999999"),
        ("EMBEDDINGS_BASE_URL", "http://"),
        ("GREENROOM_OPERATOR_KEY", "all"),
        ("OWNERS", "discord:me"),
        ("OWNERS", "someone"),
        ("OWNERS", "matrix:ada"),
        ("GREENROOM_MENTION_CHAR", "@@"),
        ("GREENROOM_MENTION_CHAR", "a"),
        ("GREENROOM_WORKERS", "0"),
        ("GREENROOM_WORKERS", "1025"),
        ("GREENROOM_LOCALE", "english please"),
        ("GREENROOM_TIME_ZONE", "Mars/Olympus"),
        ("DISCORD_API_URL", "https://example.org"),
        ("MATRIX_USER", "ada"),
        ("MATRIX_DEVICE_ID", "ABCDEF"),
        ("HTTP_ADDR", "8080"),
        ("METRICS_ADDR", "127.0.0.1:99999"),
        ("GREENROOM_LOG", "greenroom=loud=louder"),
        ("GREENROOM_LOG_FORMAT", "xml"),
    ];
    for (name, value) in bad {
        let said = refusal(&[(name, value)]);
        assert!(said.contains(name) && !said.contains('\n'), "{said}");
        assert!(said.len() > name.len() + 15, "{said}");
    }
    assert!(refusal(&[("EMBEDDINGS_BASE_URL", "https://example.org/v1")]).contains("EMBEDDINGS_MODEL"));
    assert!(refusal(&[("HTTP_ADDR", "127.0.0.1:9090")]).contains("METRICS_ADDR"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let error = read(&[("GREENROOM_WORKERS", "x"), ("OWNERS", "y"), ("GREENROOM_COLOUR", "blue")]).unwrap_err();
    assert_eq!(error.problems.len(), 3);
    assert_eq!(error.to_string().lines().count(), 3);
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let config = read(&[("LLM_API_KEY", ""), ("GREENROOM_WORKERS", ""), ("LLM_BASE_URL", " ")]).unwrap();
    assert!(config.llm.api_key.is_none() && config.llm.base_url.is_none());
    assert_eq!(config.workers, 8);
}

#[test]
fn values_arrive() {
    let config = read(&[
        ("DATABASE_URL", "postgres://me:secret@localhost/house"),
        ("LLM_BASE_URL", "http://127.0.0.1:11434/v1/"),
        ("OWNERS", "discord:123, matrix:@ada:example.org ,console:local"),
        ("GREENROOM_MENTION_CHAR", "&"),
        ("GREENROOM_TIME_ZONE", "Europe/Berlin"),
    ])
    .unwrap();
    assert_eq!(config.database_url().expose_secret(), "postgres://me:secret@localhost/house");
    assert_eq!(config.llm.base_url.as_deref(), Some("http://127.0.0.1:11434/v1"));
    assert_eq!(config.owners, ["discord:123", "matrix:@ada:example.org", "console:local"]);
    assert_eq!((config.mention_char, config.time_zone.as_str()), ('&', "Europe/Berlin"));
}

#[test]
fn a_secret_may_come_from_a_file() {
    let files = |path: &Path| match path.to_str() {
        Some("/run/secrets/key") => Ok("from-the-file\n".to_owned()),
        Some("/run/secrets/empty") => Ok("\n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    };
    let read = |pairs: &[(&str, &str)]| {
        Config::from_env_with(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), &files)
    };
    let config = read(&[("LLM_API_KEY_FILE", "/run/secrets/key")]).unwrap();
    assert_eq!(config.llm.api_key.unwrap().expose_secret(), "from-the-file");
    for pairs in [
        &[("LLM_API_KEY_FILE", "/run/secrets/empty")][..],
        &[("LLM_API_KEY_FILE", "/run/secrets/none")],
        &[("LLM_API_KEY_FILE", "/run/secrets/key"), ("LLM_API_KEY", "x")],
    ] {
        let said = read(pairs).unwrap_err().to_string();
        assert!(said.contains("LLM_API_KEY_FILE") && !said.contains("from-the-file") && !said.contains('\n'), "{said}");
    }
}

#[test]
fn no_secret_is_ever_shown() {
    const SECRET: &str = "Zq9-very-secret";
    for setting in settings::all().filter(|setting| setting.is_secret) {
        let value = match setting.name {
            "DATABASE_URL" => format!("postgres://me:{SECRET}@localhost/house"),
            "OTEL_EXPORTER_OTLP_HEADERS" => format!("authorization={SECRET}"),
            "MATRIX_LOGINS" => format!("abbey @abbey:example.org {SECRET}"),
            "MATRIX_APPSERVICE" => {
                format!(r#"{{"as_token": "{SECRET}", "namespaces": {{"users": [{{"regex": "@_house_.*"}}]}}}}"#)
            }
            _ => SECRET.to_owned(),
        };
        let mut pairs = vec![(setting.name, value.as_str())];
        if setting.name == "MATRIX_ACCESS_TOKEN" {
            pairs.push(("MATRIX_DEVICE_ID", "DEVICE"));
        }
        if setting.name == "MATRIX_LOGINS" {
            let house = [("MATRIX_USER", "@house:example.org"), ("MATRIX_PASSWORD", "the house's own")];
            pairs.extend(house.into_iter().chain([("MATRIX_HOMESERVER", "https://example.org")]));
        }
        let config = read(&pairs).unwrap();
        assert!(!format!("{config:?}").contains(SECRET), "{}", setting.name);
        let known: Vec<_> = config.secrets().iter().map(|secret| secret.expose_secret().to_owned()).collect();
        assert!(known.iter().any(|known| known == SECRET), "{} is not kept out of the logs", setting.name);
    }
    for (name, value) in [
        ("DATABASE_URL", "mysql://me:Zq9-very-secret@localhost/x"),
        ("LLM_BASE_URL", "https://me:Zq9-very-secret@example.org/v1"),
        ("GREENROOM_OPERATOR_KEY", "sk-Zq9-very-secret"),
    ] {
        let said = refusal(&[(name, value)]);
        assert!(!said.contains(SECRET), "{said}");
    }
}

#[test]
fn matrix_needs_a_homeserver_an_account_and_a_way_in() {
    let home = ("MATRIX_HOMESERVER", "https://example.org");
    let user = ("MATRIX_USER", "@house:example.org");
    let password = ("MATRIX_PASSWORD", "p");
    assert!(refusal(&[home, password]).contains("MATRIX_USER"));
    assert!(refusal(&[user, password]).contains("MATRIX_HOMESERVER"));
    assert!(refusal(&[home, user]).contains("MATRIX_PASSWORD"));
    let config = read(&[home, user, password, ("MATRIX_INVITES", "owners, example.org,@kim:x.org")]).unwrap();
    assert_eq!(config.matrix.invites, ["owners", "example.org", "@kim:x.org"]);
    assert!(refusal(&[("MATRIX_INVITES", "everybody")]).contains("MATRIX_INVITES"));
}

#[test]
fn headers_for_a_collector_are_decoded_and_never_shown() {
    let given = [("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20a%2Cb==, x-team = blue")];
    let config = read(&given).unwrap();
    let headers = config.traces.headers.iter().map(|(name, value)| (name.as_str(), value.expose_secret()));
    assert_eq!(headers.collect::<Vec<_>>(), [("authorization", "Bearer a,b=="), ("x-team", "blue")]);
    assert!(!format!("{config:?}").contains("Bearer"));
    assert!(config.secrets().iter().any(|secret| secret.expose_secret() == "Bearer a,b=="));
    for bad in ["s3cret", "a=%2", "a=%zz", "a=%ff"] {
        let said = refusal(&[("OTEL_EXPORTER_OTLP_HEADERS", bad)]);
        assert!(said.contains("NAME=VALUE") && !said.contains("s3cret"), "{said}");
    }
}
