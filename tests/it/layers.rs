//! Who may call whom. The rules are those of `docs/architecture.md`; the sources are read as text.

use std::path::{Path, PathBuf};

/// What each module of ours may name; `ops::metrics`, `ops::traces` and `crash` are open to all but `domain`, and so is `domain`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("crash", &[]),
    ("life", &[]),
    ("texts", &[]),
    ("config", &[]),
    ("db", &[]),
    ("vault", &["db"]),
    ("directory", &["config", "db"]),
    ("personalities", &[]),
    ("avatars", &[]),
    ("outside", &[]),
    ("guard", &["config", "db", "directory", "vault"]),
    ("model", &["config", "life"]),
    ("recall", &["config", "db", "life", "model"]),
    ("keyring", &["db", "model", "vault"]),
    ("queue", &["life"]),
    ("cluster", &["db", "life", "platform", "turn"]),
    ("distil", &["config", "db", "directory", "guard", "keyring", "model", "recall", "texts"]),
    (
        "turn",
        &[
            "avatars",
            "config",
            "db",
            "directory",
            "guard",
            "keyring",
            "life",
            "model",
            "outside",
            "platform",
            "queue",
            "recall",
            "texts",
            "vault",
        ],
    ),
    (
        "desk",
        &[
            "avatars",
            "config",
            "db",
            "directory",
            "guard",
            "keyring",
            "model",
            "outside",
            "personalities",
            "platform",
            "recall",
            "texts",
            "turn",
            "vault",
        ],
    ),
    ("strongbox", &["db", "vault"]),
    ("platform", &["avatars", "config", "db", "desk", "directory", "life", "model", "strongbox", "texts", "turn"]),
    ("ops", &["config", "db", "life", "model", "recall"]),
    ("cli", &["app", "config", "ops"]),
    ("main", &[]),
];

/// Modules that put the others together.
const COMPOSERS: [&str; 3] = ["app", "testing", "lib"];

/// Implementations of our traits: named by composers and inside their own module only.
const IMPLEMENTATIONS: [&str; 14] = [
    "platform::console",
    "platform::discord",
    "platform::matrix",
    "platform::fake",
    "model::openai",
    "model::local",
    "model::script",
    "recall::exact",
    "recall::qdrant",
    "recall::house",
    "recall::candle",
    "recall::endpoint",
    "queue::local",
    "queue::cluster",
];

/// Crates that are kept in one place, with the paths below `src/` that may name them.
const KEPT_IN: &[(&str, &[&str])] = &[
    ("sqlx", &["db"]),
    ("rusqlite", &["db"]),
    ("serenity", &["platform/discord"]),
    ("poise", &["platform/discord"]),
    ("matrix_sdk", &[]),
    ("matrix_account", &["platform/matrix"]),
    ("rustyline", &["platform/console"]),
    ("qdrant_client", &["recall"]),
    ("candle_core", &["recall", "model"]),
    ("candle_nn", &["recall", "model"]),
    ("candle_transformers", &["recall", "model"]),
    ("tokenizers", &["recall", "model"]),
    ("async_openai", &["recall", "model"]),
    ("fluent_bundle", &["texts"]),
    ("axum", &["ops", "platform/fake", "avatars.rs"]),
    ("metrics_exporter_prometheus", &["ops"]),
    ("opentelemetry_proto", &["ops"]),
    ("prost", &["ops"]),
    ("tracing_subscriber", &["ops", "config.rs"]),
    ("rustix", &["ops"]),
    ("ring", &["vault"]),
];

/// What `code` of the file `path` (below `src/`) names that it must not.
fn complaints(path: &str, code: &str) -> Vec<String> {
    let module = path.split(['/', '.']).next().unwrap_or(path);
    let code = without_comments_and_tests(code);
    let mut found = Vec::new();
    for used in paths_of_ours(&code) {
        let top = used.split("::").next().unwrap_or(&used);
        if top == module || COMPOSERS.contains(&module) {
            continue;
        }
        let is_open_to_all = matches!(top, "domain" | "crash" | "ops_error" | "on" | "on_tx")
            || used.starts_with("ops::metrics")
            || used.starts_with("ops::traces");
        let rule = MAY_USE.iter().find(|(name, _)| *name == module);
        let Some((_, allowed)) = rule else {
            found.push(format!("{path}: the module {module} has no rule yet: add one"));
            break;
        };
        if !(allowed.contains(&top) || (is_open_to_all && module != "domain")) {
            found.push(format!("{path}: {module} must not use {used}"));
        }
        let starts = |name: &&&str| used == **name || used.starts_with(&format!("{name}::"));
        if let Some(implementation) = IMPLEMENTATIONS.iter().find(starts) {
            found.push(format!("{path}: only app.rs may name {implementation}"));
        }
    }
    for (name, homes) in KEPT_IN {
        let is_home = homes
            .iter()
            .any(|home| path.strip_prefix(home).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '.'])));
        if !is_home && names_crate(&code, name) {
            found.push(format!("{path}: {name} belongs under {homes:?}"));
        }
    }
    found
}

/// The code above the tests, without comment lines.
fn without_comments_and_tests(code: &str) -> String {
    let end = code.find("#[cfg(test)]\nmod ").unwrap_or(code.len());
    code[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every path after `crate::`, groups taken apart: `crate::{a, b::{c, d}}` gives `a` and `b::{c, d}`.
fn paths_of_ours(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, marker) in code.match_indices("crate::") {
        // `$crate::` in a macro is the same; `some_crate::` is not.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + marker.len()..];
        match rest.strip_prefix('{') {
            Some(group) => paths.extend(members(group)),
            None => paths.push(path_at(rest)),
        }
    }
    paths
}

fn path_at(text: &str) -> String {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    text[..end].trim_end_matches(':').to_owned()
}

/// The members of a group whose opening brace has been read.
fn members(group: &str) -> Vec<String> {
    let mut depth = 0usize;
    let mut members = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            _ => {}
        }
        if c != ',' || depth > 0 {
            members.last_mut().expect("starts with one").push(c);
        }
    }
    members.iter().map(|member| path_at(member.trim())).filter(|member| !member.is_empty()).collect()
}

fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let starts = !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '"' || c == '.');
        starts && (after.starts_with("::") || after.starts_with(';') || after.starts_with(" as "))
    })
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn calls_go_in_the_permitted_direction_and_crates_stay_in_their_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 20, "the sources are in {}", root.display());
    let mut found = Vec::new();
    for file in files {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        found.extend(complaints(&path, &std::fs::read_to_string(&file).unwrap()));
    }
    found.sort();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_grammar_depends_on_nothing_but_its_parsers() {
    let manifest = include_str!("../../commands/Cargo.toml");
    let manifest: toml::Table = toml::from_str(manifest).unwrap();
    let mut names: Vec<_> = manifest["dependencies"].as_table().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["clap", "serde"]);
}

#[test]
fn the_checker_sees_what_it_should() {
    for (path, code) in [
        ("domain/turn.rs", "use crate::db::Db;"),
        ("domain/turn.rs", "use crate::ops::metrics;"),
        ("turn/context.rs", "use crate::{domain::Turn, platform::console::Chat};"),
        ("turn/context.rs", "fn f() { crate::recall::qdrant::open() }"),
        ("desk/mod.rs", "use crate::{\n    domain::Turn,\n    cli::{A, B},\n};"),
        ("queue/mod.rs", "use sqlx::query;"),
        ("ops/doctor.rs", "fn f() -> sqlx::Error { g() }"),
        ("turn/store.rs", "use rusqlite::Connection;"),
        ("platform/matrix/mod.rs", "use serenity::all::*;"),
        ("dbase.rs", "use sqlx::query;"),
        ("novel/mod.rs", "use crate::db;"),
    ] {
        assert_eq!(complaints(path, code).len(), 1, "{path}: {code}");
    }
    for (path, code) in [
        ("domain/turn.rs", "// Rows are in crate::db.\nuse super::Moment;"),
        ("domain/turn.rs", "use super::Moment;\n#[cfg(test)]\nmod tests { use crate::db::Db; }"),
        ("turn/settle.rs", "use crate::platform::{Part, Platform};\nuse crate::ops::metrics;"),
        ("db/turns.rs", "use sqlx::query; use crate::{domain::Turn, on};"),
        ("app.rs", "use crate::platform::console; use crate::recall::qdrant;"),
        ("model/openai.rs", "use crate::model::openai::x; use async_openai::Client;"),
        ("recall/mod.rs", "let text = \"sqlx::query\"; other_crate::db(); tower_axum::x();"),
    ] {
        assert_eq!(complaints(path, code), [""; 0], "{path}: {code}");
    }
}
