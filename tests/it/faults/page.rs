//! `docs/faults.md` names a test for every fault, and the tests are there.

use std::path::Path;

const PAGE: &str = include_str!("../../../docs/faults.md");

/// The groups of faults, by letter and how many there are of each.
const GROUPS: [(&str, std::ops::RangeInclusive<u32>); 7] =
    [("K", 0..=13), ("D", 1..=11), ("L", 1..=12), ("Q", 1..=7), ("E", 1..=14), ("M", 1..=13), ("P", 1..=9)];
/// What a row says that no test shows.
const NOT_SHOWN: &str = "not shown:";

/// The cells of every row of a table, without the heads.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let rows =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| --") && !line.starts_with("| #"));
    rows.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// The tests that a cell names: `name` in `file`.
fn named(cell: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = cell.split('`').collect();
    let file =
        |at: usize| parts.get(at + 2).filter(|_| parts.get(at + 1).is_some_and(|between| between.trim() == "in"));
    (1..parts.len()).step_by(2).filter_map(|at| Some((parts[at], *file(at)?))).collect()
}

/// Whether a source has a test of this name.
pub fn has_test(source: &str, name: &str) -> bool {
    let starts = [format!("fn {name}("), format!("both!({name},"), format!("every_store!({name},")];
    starts.iter().any(|start| source.contains(start.as_str()))
}

/// What is wrong with a page.
fn complaints(page: &str, root: &Path) -> Vec<String> {
    let rows = rows(page);
    let mut found = Vec::new();
    for (letter, numbers) in GROUPS {
        for id in numbers.map(|number| format!("{letter}{number}")) {
            match rows.iter().filter(|row| row[0] == id).count() {
                1 => {}
                count => found.push(format!("{id} has {count} rows")),
            }
        }
    }
    for row in &rows {
        let [id, fault, does, shown, figure] = &row[..] else {
            found.push(format!("{} has {} cells", row[0], row.len()));
            continue;
        };
        if [fault, does, figure].iter().any(|cell| cell.is_empty()) {
            found.push(format!("{id} has an empty cell"));
        }
        let tests = named(shown);
        if tests.is_empty() && !shown.contains(NOT_SHOWN) {
            found.push(format!("{id} names no test and does not say why"));
        }
        for (name, file) in tests {
            let source = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            if !has_test(&source, name) {
                found.push(format!("{id}: there is no test {name} in {file}"));
            }
        }
    }
    found
}

#[test]
fn every_fault_has_a_row_and_every_test_it_names_is_there() {
    let found = complaints(PAGE, Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_row_that_is_missing_or_names_a_test_that_is_not_there_is_noticed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let first = PAGE.lines().find(|line| line.starts_with("| K0 |")).expect("it has a row");
    let without = PAGE.replace(first, "");
    assert_eq!(complaints(&without, root), ["K0 has 0 rows"]);
    let (name, file) = named(rows(first)[0][3])[0];
    let renamed = PAGE.replace(first, &first.replacen(name, "a_test_that_nobody_wrote", 1));
    assert_eq!(complaints(&renamed, root), [format!("K0: there is no test a_test_that_nobody_wrote in {file}")]);
    let unproved = PAGE.replace(first, "| K0 | a fault | something | trust us | none |");
    assert_eq!(complaints(&unproved, root), ["K0 names no test and does not say why"]);
}
