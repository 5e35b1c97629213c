//! What is deployed equals what the program is: ports, paths, versions, metric names.

use greenroom::ops::http::{HEALTH_PATH, METRICS_PATH, READY_PATH};
use greenroom::ops::metrics::{Kind, SERIES};

const DOCKERFILE: &str = include_str!("../../Dockerfile");
const FLY: &str = include_str!("../../fly.toml");
const COMPOSE: &str = include_str!("../../deploy/compose.yaml");
const ALERTS: &str = include_str!("../../deploy/alerts.yaml");
const DASHBOARD: &str = include_str!("../../deploy/dashboard.json");
const MANUAL: &str = include_str!("../../docs/operations.md");

/// The value of `NAME=value` in the Dockerfile.
fn in_image(name: &str) -> &'static str {
    let start = DOCKERFILE.find(&format!("{name}=")).unwrap_or_else(|| panic!("the Dockerfile lacks {name}"));
    DOCKERFILE[start + name.len() + 1..].split_whitespace().next().unwrap().trim_matches('"')
}

fn port(addr: &str) -> &str {
    addr.rsplit_once(':').unwrap().1
}

#[test]
fn the_image_is_built_by_the_pinned_toolchain() {
    let toolchain: toml::Table = toml::from_str(include_str!("../../rust-toolchain.toml")).unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    assert!(DOCKERFILE.contains(&format!("FROM rust:{channel}-")), "{channel}");
}

#[test]
fn the_image_listens_everywhere_on_the_ports_it_exposes_and_keeps_its_data_in_the_volume() {
    for (setting, default) in [("HTTP_ADDR", "127.0.0.1:8080"), ("METRICS_ADDR", "127.0.0.1:9090")] {
        let addr = in_image(setting);
        assert!(addr.starts_with("0.0.0.0:") && port(addr) == port(default), "{addr}");
        assert!(DOCKERFILE.lines().any(|line| line.starts_with("EXPOSE") && line.contains(port(addr))));
    }
    let data = in_image("GREENROOM_DATA_DIR");
    assert!(DOCKERFILE.contains(&format!("VOLUME {data}")));
    assert!(in_image("XDG_CACHE_HOME").starts_with(data), "downloads outlive the container");
    assert!(DOCKERFILE.contains("HEALTHCHECK") && DOCKERFILE.contains("\"health\"]"));
    assert!(DOCKERFILE.contains("USER ") && !DOCKERFILE.contains("USER root"));
}

#[test]
fn fly_runs_that_image_as_it_is() {
    let fly: toml::Table = toml::from_str(FLY).unwrap();
    assert_eq!(fly["kill_signal"].as_str(), Some("SIGTERM"));
    let grace = i64::try_from(greenroom::life::GRACE.as_secs()).unwrap();
    assert!(fly["kill_timeout"].as_integer().unwrap() > grace);
    assert_eq!(fly["mounts"]["destination"].as_str(), Some(in_image("GREENROOM_DATA_DIR")));
    assert_eq!(fly["metrics"]["port"].as_integer().unwrap().to_string(), port(in_image("METRICS_ADDR")));
    assert_eq!(fly["metrics"]["path"].as_str(), Some(METRICS_PATH));
    let check = fly["checks"]["ready"].as_table().unwrap();
    assert_eq!(check["port"].as_integer().unwrap().to_string(), port(in_image("HTTP_ADDR")));
    assert_eq!(check["path"].as_str(), Some(READY_PATH));
    for (name, value) in fly["env"].as_table().unwrap() {
        assert!(greenroom::config::settings::find(name).is_some(), "{name}");
        assert_eq!(in_image(name), value.as_str().unwrap(), "{name}");
    }
}

#[test]
fn compose_uses_the_ports_and_the_volume_of_the_image() {
    for name in ["HTTP_ADDR", "METRICS_ADDR"] {
        let port = port(in_image(name));
        assert!(
            COMPOSE.contains(&format!("127.0.0.1:{port}:{port}")) || COMPOSE.contains(&format!("greenroom:{port}")),
            "{name}"
        );
    }
    assert!(COMPOSE.contains(&format!("data:{}", in_image("GREENROOM_DATA_DIR"))));
    assert!(COMPOSE.contains("stop_grace_period: 60s"));
}

/// Names of ours in `text`, without the suffixes that Prometheus gives histograms.
fn metric_names(text: &str) -> Vec<String> {
    let mut names: Vec<_> = text
        .split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| (word.starts_with("greenroom_") && *word != "greenroom_") || word.starts_with("process_"))
        .map(|word| {
            ["_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|suffix| word.strip_suffix(suffix))
                .find(|base| SERIES.iter().any(|series| series.name == *base && series.kind == Kind::Histogram))
                .unwrap_or(word)
                .to_owned()
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn every_metric_in_alerts_dashboard_and_manual_exists_and_the_manual_lists_all() {
    for (file, text) in [("alerts", ALERTS), ("dashboard", DASHBOARD), ("manual", MANUAL)] {
        let names = metric_names(text);
        assert!(names.len() >= 5, "{file}: {names:?}");
        for name in names {
            assert!(SERIES.iter().any(|series| series.name == name), "{file} names {name}, which is no metric");
        }
    }
    for series in SERIES {
        assert!(MANUAL.contains(&format!("`{}`", series.name)), "docs/operations.md lacks {}", series.name);
    }
}

#[test]
fn the_dashboard_is_readable_and_the_alerts_say_what_to_do() {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.iter().all(|panel| panel["targets"].as_array().is_some_and(|targets| !targets.is_empty())));
    let alerts = ALERTS.matches("- alert: ").count();
    assert!(alerts >= 5);
    assert_eq!(ALERTS.matches("summary: ").count(), alerts);
    assert_eq!(ALERTS.matches("action: ").count(), alerts);
}

#[test]
fn the_manual_names_the_paths_that_are_served() {
    for path in [HEALTH_PATH, READY_PATH, METRICS_PATH] {
        assert!(MANUAL.contains(path), "{path}");
    }
}
