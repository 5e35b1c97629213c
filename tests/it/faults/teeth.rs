//! The bugs of `tests/teeth` can still be planted, and the tests that are to catch them are there.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::page::has_test;

/// Bugs that there are at least.
const BUGS_MIN: usize = 22;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn patches() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("tests/teeth")).unwrap();
    let mut patches: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    patches.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    patches.sort();
    patches
}

/// A line of the head of a patch.
fn head<'p>(patch: &'p str, key: &str) -> Option<&'p str> {
    patch.lines().take_while(|line| line.starts_with('#')).find_map(|line| line.strip_prefix(&format!("# {key}: ")))
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

/// Where the tests of a binary are.
fn rooms(binary: &str) -> Option<&'static str> {
    match binary {
        "it" => Some("tests/it"),
        "greenroom" => Some("src"),
        "stores" => Some("tests/stores/src"),
        _ => None,
    }
}

#[test]
fn every_bug_says_what_it_is_and_which_tests_are_to_catch_it() {
    let patches = patches();
    assert!(patches.len() >= BUGS_MIN, "{} bugs", patches.len());
    for path in patches {
        let patch = std::fs::read_to_string(&path).unwrap();
        let label = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(head(&patch, "bug").is_some_and(|bug| !bug.is_empty()), "{label} says what it is");
        let (binary, tests) = head(&patch, "caught by").and_then(|by| by.split_once(' ')).expect("names its tests");
        let mut found = Vec::new();
        sources(&root().join(rooms(binary).expect("a test binary")), &mut found);
        for test in tests.split(' ') {
            let name = test.split("::").filter(|part| !matches!(*part, "sqlite" | "postgres" | "qdrant_double")).last();
            let name = name.unwrap_or_default();
            assert!(found.iter().any(|source| has_test(source, name)), "{label}: there is no test {name} in {binary}");
        }
        assert_eq!(patch.matches("\n@@ ").count(), 1, "{label} is one change in one place");
    }
}

#[test]
fn every_bug_can_still_be_planted() {
    let git = |args: &[&str]| Command::new("git").args(args).current_dir(root()).output();
    // A source tree that was unpacked from an archive has no history; there, `patch` would have to be at hand instead.
    if !git(&["rev-parse", "--is-inside-work-tree"]).is_ok_and(|output| output.status.success()) {
        eprintln!("not run: this is no git work tree");
        return;
    }
    let mut stale = Vec::new();
    for path in patches() {
        let check = git(&["apply", "--check", path.to_str().unwrap()]).unwrap();
        if !check.status.success() {
            stale.push(format!("{}: {}", path.display(), String::from_utf8_lossy(&check.stderr)));
        }
    }
    assert!(stale.is_empty(), "make these anew:\n{}", stale.join("\n"));
}
