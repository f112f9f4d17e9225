//! `docs/requirements.md` tells the truth: what it names exists.

use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn text() -> String {
    let path = Path::new(ROOT).join("docs/requirements.md");
    std::fs::read_to_string(path).expect("the list is in the repository")
}

/// The list's rows, each as its cells: id, 条, requirement, state, code, test.
fn rows() -> Vec<Vec<String>> {
    text()
        .lines()
        .filter(|line| line.starts_with("| R"))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
}

/// What stands between backquotes.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// `path` or `path::name`: the file or folder exists, and the file has an item of that name.
fn complaint(reference: &str) -> Option<String> {
    let (path, name) = match reference.split_once("::") {
        Some((path, name)) => (path, Some(name)),
        None => (reference, None),
    };
    let full = Path::new(ROOT).join(path);
    if !full.exists() {
        return Some(format!("{path} does not exist"));
    }
    let name = name?;
    let text = std::fs::read_to_string(&full).unwrap_or_default();
    let kinds = ["fn", "struct", "enum", "const", "trait", "macro_rules!"];
    let found = kinds.iter().any(|kind| {
        text.match_indices(&format!("{kind} {name}"))
            .any(|(at, head)| {
                let after = text[at + head.len()..].chars().next();
                !after.is_some_and(|next| next.is_alphanumeric() || next == '_')
            })
    });
    (!found).then(|| format!("{path} has no {name}"))
}

#[test]
fn every_code_and_test_that_the_list_names_exists() {
    let text = text();
    let complaints: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with("| "))
        .flat_map(quoted)
        .filter_map(complaint)
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn a_reference_to_nothing_is_found_out() {
    assert_eq!(complaint("src/calendar/due.rs::due"), None);
    assert_eq!(complaint("src/domain"), None);
    assert!(complaint("src/calendar/due.rs::du").is_some());
    assert!(complaint("src/nowhere.rs").is_some());
}

#[test]
fn every_requirement_is_done_with_a_test_or_says_why_not_yet() {
    let rows = rows();
    let ids: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let expected: Vec<String> = (1..=32).map(|number| format!("R{number}")).collect();
    assert_eq!(ids, expected);
    for row in &rows {
        assert_eq!(row.len(), 6, "{row:?}");
        let (state, code, tests) = (&row[3], &row[4], &row[5]);
        let proved = quoted(code).next().is_some() && quoted(tests).any(|test| test.contains("::"));
        match state
            .split_once(':')
            .map_or(state.as_str(), |(word, _)| word)
        {
            "done" => assert!(proved, "{} is done but not proved", row[0]),
            "part" => assert!(
                proved && state.contains(':'),
                "{}: say what is missing",
                row[0]
            ),
            "later" => assert!(state.contains(':'), "{}: say until when it waits", row[0]),
            other => panic!("{}: “{other}” is none of done, part, later", row[0]),
        }
    }
}
