//! How Synapse is set up.

use std::path::Path;

use serde_json::{Value, json};

/// How fast people may do things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// As fast as they can.
    #[default]
    None,
    /// As Synapse has it when nothing is said: a burst of ten messages, then one in five seconds; five logins.
    Default,
}

/// What a homeserver may be started with.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    pub limits: Limits,
    /// Registrations of application services, each the text of a YAML (or JSON) file.
    pub appservices: Vec<String>,
    /// Further settings of `homeserver.yaml`, in an object; they take the place of ours.
    pub settings: Value,
}

/// The homeserver's name, the part of every user's id behind the colon.
pub(crate) const SERVER_NAME: &str = "localhost";

/// Every limit of Synapse 1.163 but those of federation, and the limits in it.
const RATE_LIMITS: [(&str, &[&str]); 18] = [
    ("rc_message", &[]),
    ("rc_registration", &[]),
    ("rc_registration_token_validity", &[]),
    ("rc_login", &["address", "account", "failed_attempts"]),
    ("rc_admin_redaction", &[]),
    ("rc_joins", &["local", "remote"]),
    ("rc_joins_per_room", &[]),
    ("rc_key_requests", &[]),
    ("rc_3pid_validation", &[]),
    ("rc_invites", &["per_room", "per_user", "per_issuer"]),
    ("rc_third_party_invite", &[]),
    ("rc_media_create", &[]),
    ("rc_presence", &["per_user"]),
    ("rc_delayed_event_mgmt", &[]),
    ("rc_room_creation", &[]),
    ("rc_reports", &[]),
    ("rc_user_directory", &[]),
    ("rc_profile", &[]),
];

/// `homeserver.yaml`, as JSON, which YAML includes. Paths are relative to the folder that Synapse runs in.
pub(crate) fn homeserver(setup: &Setup, port: u16, secret: &str, appservices: &[String]) -> Value {
    let mut config = json!({
        "server_name": SERVER_NAME,
        "public_baseurl": format!("http://127.0.0.1:{port}/"),
        "listeners": [{
            "port": port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": false, "x_forwarded": false,
            "resources": [{"names": ["client"], "compress": false}],
        }],
        "database": {"name": "sqlite3", "args": {"database": "homeserver.db"}},
        "log_config": "log.yaml",
        "media_store_path": "media",
        "signing_key_path": "signing.key",
        "registration_shared_secret": secret,
        "macaroon_secret_key": secret,
        "form_secret": secret,
        "enable_registration": false,
        "bcrypt_rounds": 4,
        "report_stats": false,
        "trusted_key_servers": [],
        "suppress_key_server_warning": true,
        "federation_domain_whitelist": [],
        "url_preview_enabled": false,
        // As most big homeservers have it; it would only wake every /sync up.
        "presence": {"enabled": false},
        "room_list_publication_rules": [{"action": "allow"}],
        "max_upload_size": "50M",
        "app_service_config_files": appservices,
    });
    if setup.limits == Limits::None {
        let plenty = json!({"per_second": 100_000, "burst_count": 100_000});
        for (name, parts) in RATE_LIMITS {
            config[name] = match parts {
                [] => plenty.clone(),
                parts => parts.iter().map(|part| ((*part).to_owned(), plenty.clone())).collect(),
            };
        }
    }
    for (name, value) in setup.settings.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    config
}

/// Warnings and worse, into one file.
pub(crate) fn logging(file: &Path) -> Value {
    json!({
        "version": 1,
        "disable_existing_loggers": false,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"file": {"class": "logging.FileHandler", "formatter": "line", "filename": file}},
        "root": {"level": "WARNING", "handlers": ["file"]},
    })
}
