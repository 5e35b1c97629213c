//! What is deployed equals what the program is: ports, paths, versions, metric names; and it is what it says it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use greenroom::ops::http::{HEALTH_PATH, METRICS_PATH, READY_PATH};
use greenroom::ops::metrics::{Kind, SERIES};

const DOCKERFILE: &str = include_str!("../../Dockerfile");
const FLY: &str = include_str!("../../fly.toml");
const COMPOSE: &str = include_str!("../../deploy/compose.yaml");
const ALERTS: &str = include_str!("../../deploy/prometheus/rules.yaml");
const ALERT_CASES: &str = include_str!("../../deploy/prometheus/rules_test.yaml");
const DASHBOARD: &str = include_str!("../../deploy/grafana/greenroom.json");
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

/// The lines of one of the compose file's services.
fn service(name: &str) -> String {
    let start = COMPOSE.find(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("there is no service {name}"));
    let lines = COMPOSE[start + 1..].lines().skip(1);
    lines.take_while(|line| line.is_empty() || line.starts_with("    ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_container_can_write_nowhere_but_its_data_and_has_no_rights_to_spare() {
    let house = service("greenroom");
    for held in [
        "read_only: true",
        "cap_drop: [ALL]",
        "security_opt: [\"no-new-privileges:true\"]",
        "tmpfs: [/tmp]",
        "restart: unless-stopped",
    ] {
        assert!(house.lines().any(|line| line.trim() == held), "compose.yaml lacks {held}: {house}");
    }
    assert!(!house.contains("privileged: true") && !house.contains("user: root") && !house.contains("user: \"0"));
    // Only data may be written to, and only health can be reached, from this machine alone.
    let volumes: Vec<&str> = house.lines().filter(|line| line.trim().starts_with("volumes:")).collect();
    assert_eq!(volumes, [format!("    volumes: [\"data:{}\"]", in_image("GREENROOM_DATA_DIR"))]);
    let ports = house.lines().find(|line| line.trim().starts_with("ports:")).unwrap();
    assert_eq!(ports.matches(':').count(), 3, "{ports}");
    assert!(ports.contains("\"127.0.0.1:"), "{ports}");

    // The image runs as a user of its own, by number, so that a supervisor can see that it is not root.
    let user = DOCKERFILE.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    let (uid, gid) = user.split_once(':').unwrap();
    assert!(uid.parse::<u32>().unwrap() > 0 && gid.parse::<u32>().unwrap() > 0, "{user}");
    assert!(DOCKERFILE.contains(&format!("--chown={user} --chmod=0700 /empty {}", in_image("GREENROOM_DATA_DIR"))));
    let last = DOCKERFILE.lines().rfind(|line| line.starts_with("FROM ")).unwrap();
    assert!(last.contains("distroless") && last.contains(":nonroot"), "{last}");
    // The health check is the program itself, for there is no shell.
    let check = DOCKERFILE.lines().find(|line| line.starts_with("HEALTHCHECK ")).unwrap();
    assert!(check.ends_with("CMD [\"/usr/local/bin/greenroom\", \"health\"]"), "{check}");
    // Fly starts the same image: nothing there says otherwise.
    assert!(!FLY.contains("user =") && FLY.contains("dockerfile = \"Dockerfile\""));
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
    let mut shown = panels.iter().filter(|panel| panel["type"] != "row");
    assert!(shown.all(|panel| panel["targets"].as_array().is_some_and(|targets| !targets.is_empty())));
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
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

/// Every series is on the dashboard, so that none is counted for nobody.
#[test]
fn every_series_has_a_panel() {
    let shown = metric_names(DASHBOARD);
    for series in SERIES {
        assert!(shown.iter().any(|name| name == series.name), "no panel shows {}", series.name);
    }
}

/// Names of the alerts that a file of rules declares.
fn alerts() -> Vec<&'static str> {
    ALERTS.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect()
}

#[test]
fn every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_over() {
    let mut cases: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    let mut alert = None;
    for line in ALERT_CASES.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("alertname: ") {
            alert = Some(name);
        } else if let Some(expected) = line.strip_prefix("exp_alerts:") {
            let name = alert.take().expect("a case names its alert first");
            cases.entry(name).or_default().push(expected.trim() != "[]");
        }
    }
    let alerts = alerts();
    for name in &alerts {
        // First it fires, then it is over.
        assert_eq!(cases.remove(name).unwrap_or_default(), [true, false], "{name}");
    }
    assert!(cases.is_empty(), "there are no alerts {cases:?}");
    assert!(alerts.len() >= 10);
}

#[test]
fn promtool_finds_nothing_wrong_with_the_alerts_and_sees_each_fire_and_clear() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus");
    for args in [["check", "rules", "rules.yaml"], ["test", "rules", "rules_test.yaml"]] {
        let program = crate::watched::prometheus().join("promtool");
        let output = Command::new(program).args(args).current_dir(&folder).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&said));
    }
}

#[test]
fn the_bill_of_materials_names_every_locked_package_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("python3").arg("deploy/sbom.py").current_dir(root).output().expect("python3 is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bill: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));

    let lock: toml::Table = toml::from_str(include_str!("../../Cargo.lock")).unwrap();
    let ours = ["name", "version"].map(|key| bill["metadata"]["component"][key].as_str().unwrap().to_owned());
    let mut named = vec![ours.clone()];
    let mut refs = BTreeSet::from([bill["metadata"]["component"]["bom-ref"].as_str().unwrap()]);
    for component in bill["components"].as_array().unwrap() {
        let text = |key: &str| component[key].as_str().unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        assert!(text("purl").starts_with(&format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))), "{component}");
        assert!(refs.insert(text("bom-ref")), "{name} {version} is there twice");
        named.push([name.to_owned(), version.to_owned()]);
        let checksum = component["hashes"][0]["content"].as_str();
        assert!(checksum.is_none_or(|hash| hash.len() == 64), "{component}");
    }
    let mut locked: Vec<[String; 2]> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| ["name", "version"].map(|key| package[key].as_str().unwrap().to_owned()))
        .collect();
    named.sort();
    locked.sort();
    assert_eq!(named, locked);
    assert_eq!(ours, ["greenroom".to_owned(), env!("CARGO_PKG_VERSION").to_owned()]);
    // What depends on what is told of packages that are named.
    for dependency in bill["dependencies"].as_array().unwrap() {
        let on = dependency["dependsOn"].as_array().unwrap();
        let all = on.iter().chain([&dependency["ref"]]);
        all.for_each(|name| assert!(refs.contains(name.as_str().unwrap()), "{name}"));
    }
    // Licences are known from what cargo has at hand; ours are known in any case.
    assert!(bill["metadata"]["component"]["licenses"][0]["expression"].is_string());
}

#[test]
fn the_nightly_run_knows_only_switches_that_the_tests_read() {
    let nightly = include_str!("../../deploy/nightly");
    let mut sources = String::new();
    for folder in ["tests", "src", "benches"] {
        read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut sources);
    }
    let words = nightly.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    let switches: BTreeSet<&str> =
        words.filter(|word| word.starts_with("GREENROOM_TEST_") || *word == "GREENROOM_CRASH_SEEDS").collect();
    assert!(switches.len() >= 4, "{switches:?}");
    for switch in switches {
        assert!(sources.contains(&format!("\"{switch}\"")), "no test reads {switch}");
    }
    let checked = Command::new("bash").args(["-n", "deploy/nightly"]).current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(checked.unwrap().success());
}

fn read_all(folder: &Path, into: &mut String) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            read_all(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
