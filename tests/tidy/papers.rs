//! What is written beside the sources: documents, prompts, locales, and traces of a machine.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, find_words, is_word, line_of, root};

/// Folders and hosts of the machine somebody worked on. (Written in two halves, because this
/// file is looked at too.)
const MACHINE: [&str; 5] = [
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("C:", "\\"),
    concat!("/.car", "go/registry"),
];

pub fn machine(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files {
        for trace in MACHINE {
            for (at, _) in file.text.match_indices(trace) {
                let before = file.text[..at].chars().next_back();
                if !before.is_some_and(|c| is_word(c) || matches!(c, '.' | '-' | '}' | '~')) {
                    let line = line_of(&file.text, at);
                    let path = &file.path;
                    findings.push(format!("{path}:{line}: `{trace}` is a path of one machine"));
                }
            }
        }
        if file.path == "Cargo.lock" {
            findings.extend(second_registry(&file.text));
        }
    }
    findings
}

/// Every crate comes from the one registry that the first names.
fn second_registry(lock: &str) -> Option<String> {
    let mut sources = lock
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("source = "));
    let (_, first) = sources.next()?;
    let (index, other) = sources.find(|(_, line)| *line != first)?;
    Some(format!(
        "Cargo.lock:{}: `{other}` is a second registry",
        index + 1
    ))
}

/// Prompt ids in dialplans that no script explains.
pub fn prompts(files: &[File]) -> Vec<String> {
    let is_script =
        |file: &&File| file.path.starts_with("prompts/") && file.path.ends_with("/script.toml");
    let mut findings = Vec::new();
    for script in files.iter().filter(is_script) {
        let known: BTreeSet<&str> = script
            .text
            .lines()
            .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
            .collect();
        for plan in files
            .iter()
            .filter(|file| file.path.starts_with("dialplans/"))
        {
            for (at, id) in prompt_ids(&plan.text) {
                if !known.contains(id) {
                    let line = line_of(&plan.text, at);
                    let (plan, script) = (&plan.path, &script.path);
                    findings.push(format!("{plan}:{line}: `{id}` is not in {script}"));
                }
            }
        }
    }
    findings
}

/// Words of the form `P10`, `P14b`.
fn prompt_ids(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let starts = text.match_indices('P').map(|(at, _)| at);
    starts.filter_map(|at| {
        let open = !text[..at].ends_with(|c| is_word(c) || c == '-');
        let rest = &text[at..];
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        let number = word.get(1..3)?;
        let is_id = open && number.bytes().all(|b| b.is_ascii_digit()) && word.len() <= 4;
        is_id.then_some((at, word))
    })
}

/// Links in documents whose file or heading does not exist.
pub fn links(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for document in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (at, target) in link_targets(&document.text) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let wanted = if path.is_empty() {
                document.path.clone()
            } else {
                resolve(&document.path, path)
            };
            let line = line_of(&document.text, at);
            let place = format!("{}:{line}", document.path);
            let Some(found) = files.iter().find(|file| file.path == wanted) else {
                if !exists(files, &wanted) {
                    findings.push(format!("{place}: `{target}` leads nowhere"));
                }
                continue;
            };
            let headings = found.text.lines().filter(|line| line.starts_with('#'));
            let mut slugs = headings.map(slug);
            if found.path.ends_with(".md")
                && !heading.is_empty()
                && !slugs.any(|slug| slug == heading)
            {
                findings.push(format!("{place}: {wanted} has no heading `#{heading}`"));
            }
        }
    }
    findings
}

/// A file, a folder with files, or one that is no text (a picture, a recording).
fn exists(files: &[File], path: &str) -> bool {
    let folder = format!("{}/", path.trim_end_matches('/'));
    files
        .iter()
        .any(|file| file.path == path || file.path.starts_with(&folder))
        || root().join(path).exists()
}

fn link_targets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices("](").filter_map(|(at, _)| {
        let target = text[at + 2..].split_once(')')?.0;
        let target = target.split_whitespace().next()?;
        let outside = target.contains("://") || target.starts_with("mailto:");
        (!outside).then_some((at, target))
    })
}

/// `../a.md` beside `docs/b.md` is `a.md`.
fn resolve(document: &str, target: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The anchor of a heading, as code hosts make it.
fn slug(heading: &str) -> String {
    let kept = heading
        .trim_start_matches('#')
        .trim()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if is_word(c) || c == '-' => Some(c.to_ascii_lowercase()),
            _ => None,
        });
    kept.collect()
}

/// Code and tests that `docs/requirements.md` names and that do not exist; rows with an empty cell.
///
/// In backticks, a path below a folder of ours must exist (`src/a.rs::name`: and hold that word);
/// a name with two or more underscores must stand in a Rust file. Only a row whose state is
/// `later: …` may leave a cell empty.
pub fn requirements(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    let Some(list) = files
        .iter()
        .find(|file| file.path == "docs/requirements.md")
    else {
        return findings;
    };
    let rust: Vec<&File> = files
        .iter()
        .filter(|file| file.path.ends_with(".rs"))
        .collect();
    for (index, line) in list.text.lines().enumerate() {
        let place = format!("docs/requirements.md:{}", index + 1);
        for span in line.split('`').skip(1).step_by(2) {
            if let Some(wrong) = missing(span, files, &rust) {
                findings.push(format!("{place}: {wrong}"));
            }
        }
        let is_row = line.starts_with('|') && !line.contains("---");
        let cells = line.trim().trim_matches('|').split('|').map(str::trim);
        let is_excused = cells.clone().any(|cell| cell.starts_with("later:"));
        if is_row && !is_excused && cells.clone().any(str::is_empty) {
            findings.push(format!(
                "{place}: an empty cell; name code and test, or `later: …` why not yet"
            ));
        }
    }
    findings
}

fn missing(span: &str, files: &[File], rust: &[&File]) -> Option<String> {
    let (path, name) = span.split_once("::").unwrap_or((span, ""));
    let name = name.rsplit("::").next().unwrap_or_default();
    let ours = [
        "src/",
        "tests/",
        "benches/",
        "calendars/",
        "dialplans/",
        "prompts/",
        "docs/",
    ];
    if ours.iter().any(|folder| path.starts_with(folder)) {
        if !exists(files, path) {
            return Some(format!("`{path}` does not exist"));
        }
        let folder = format!("{}/", path.trim_end_matches('/'));
        let mut inside = files
            .iter()
            .filter(|file| file.path == path || file.path.starts_with(&folder));
        let held = name.is_empty() || inside.any(|file| holds(file, name));
        return (!held).then(|| format!("`{name}` does not stand in {path}"));
    }
    let last = span.rsplit("::").next().unwrap_or_default();
    let is_name = last.matches('_').count() >= 2 && last.chars().all(is_word);
    let known = rust.iter().any(|file| holds(file, last));
    (is_name && !known).then(|| format!("`{last}` stands in no Rust file"))
}

fn holds(file: &File, word: &str) -> bool {
    find_words(&file.text, word).next().is_some()
}

/// A house with a README has a CHANGELOG that speaks of its version and a list of requirements.
pub fn documents(files: &[File]) -> Vec<String> {
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .map(|file| &file.text)
    };
    if text("README.md").is_none() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let told = text("CHANGELOG.md").is_some_and(|text| {
        let mut headings = text.lines().filter(|line| line.starts_with("## "));
        headings.any(|line| line.contains("Unreleased") || line.contains(env!("CARGO_PKG_VERSION")))
    });
    if !told {
        let version = env!("CARGO_PKG_VERSION");
        findings.push(format!(
            "CHANGELOG.md:1: a heading `## Unreleased` or `## {version}` is missing"
        ));
    }
    if text("docs/requirements.md").is_none() {
        findings.push("docs/requirements.md:1: is missing".to_owned());
    }
    findings
}

/// Keys that one locale of the web has and another has not.
pub fn locales(files: &[File]) -> Vec<String> {
    let mut keys = BTreeMap::<&str, BTreeSet<String>>::new();
    let mut findings = Vec::new();
    let ours = files
        .iter()
        .filter(|file| file.path.starts_with("src/gate/locale/"));
    for file in ours.filter(|file| !file.path.ends_with(".rs")) {
        match parse(file) {
            Ok(value) => keys
                .entry(&file.path)
                .or_default()
                .extend(leaves("", &value)),
            Err(error) => findings.push(format!("{}:1: {error}", file.path)),
        }
    }
    let all: BTreeSet<String> = keys.values().flatten().cloned().collect();
    for (path, keys) in keys {
        let missing = all.difference(&keys);
        findings.extend(missing.map(|key| format!("{path}:1: `{key}` is missing")));
    }
    findings
}

fn parse(file: &File) -> Result<serde_json::Value, String> {
    if file.path.ends_with(".json") {
        serde_json::from_str(&file.text).map_err(|error| error.to_string())
    } else {
        toml::from_str(&file.text).map_err(|error| error.to_string())
    }
}

fn leaves(prefix: &str, value: &serde_json::Value) -> Vec<String> {
    let serde_json::Value::Object(table) = value else {
        return vec![prefix.to_owned()];
    };
    let inner = table.iter().flat_map(|(key, value)| {
        let dot = if prefix.is_empty() { "" } else { "." };
        leaves(&format!("{prefix}{dot}{key}"), value)
    });
    inner.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_trace_of_a_machine_is_found() {
        for trace in MACHINE {
            let found = machine(&[file("docs/a.md", &format!("one\nsee {trace}x"))]).join("");
            assert!(found.starts_with("docs/a.md:2:"), "{trace}: {found}");
        }
        assert!(machine(&[file("docs/a.md", "net/work/a and x/home/y")]).is_empty());
        let lock = |other: &str| format!("source = \"registry+a\"\nsource = \"{other}\"\n");
        assert!(machine(&[file("Cargo.lock", &lock("registry+a"))]).is_empty());
        assert_eq!(machine(&[file("Cargo.lock", &lock("registry+b"))]).len(), 1);
    }

    #[test]
    fn a_prompt_nobody_wrote_is_found() {
        let script = file("prompts/zh-CN/script.toml", "[P10]\ntext = \"\"\n[P14b]\n");
        let plan = file(
            "dialplans/a.toml",
            "play = \"P10\"\nthen = [\"P14b\", \"P99\"]\nPCMU = 1",
        );
        let found = prompts(&[script, plan]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("dialplans/a.toml:2: `P99`"),
            "{found:?}"
        );
    }

    #[test]
    fn a_link_to_nowhere_is_found() {
        let there = file("docs/b.md", "# The Call, 评价\n");
        let to = |target: &str| {
            let document = file("docs/a.md", &format!("# A\n[x]({target})\n"));
            links(&[document, file("docs/b.md", &there.text)]).join("")
        };
        for right in [
            "b.md",
            "../docs/b.md",
            "b.md#the-call-评价",
            "#a",
            "https://x.example/y",
            "../src",
        ] {
            assert_eq!(to(right), "", "{right}");
        }
        assert!(to("c.md").starts_with("docs/a.md:2: `c.md`"));
        assert!(to("b.md#gone").contains("no heading"));
    }

    #[test]
    fn a_requirement_without_its_code_is_found() {
        let check = |row: &str| {
            let code = file("src/a.rs", "fn a_grade_is_one_of_five() {}");
            requirements(&[code, file("docs/requirements.md", row)]).join("")
        };
        assert_eq!(
            check("| 第五条 | `src/a.rs` | `a_grade_is_one_of_five` |"),
            ""
        );
        assert_eq!(
            check("| 第五条 | `src/a.rs::a_grade_is_one_of_five` | x |"),
            ""
        );
        assert!(check("| 第五条 | `src/b.rs` | x |").contains("does not exist"));
        assert!(check("| 第五条 | `src/a.rs::gone` | x |").contains("`gone`"));
        assert!(check("| 第五条 | `src/a.rs` | `a_test_nobody_wrote` |").contains("no Rust file"));
        assert!(check("| 第五条 | `src/a.rs` | |").contains("empty cell"));
        assert!(check("| 第五条 | done | | |").contains("empty cell"));
        assert_eq!(check("| 第五条 | later: public pages | | |"), "");
    }

    #[test]
    fn a_changelog_without_this_version_is_found() {
        let readme = || file("README.md", "");
        let list = || file("docs/requirements.md", "");
        assert_eq!(documents(&[readme(), list()]).len(), 1);
        assert_eq!(
            documents(&[readme(), list(), file("CHANGELOG.md", "## 0.0.1")]).len(),
            1
        );
        assert!(documents(&[readme(), list(), file("CHANGELOG.md", "## Unreleased")]).is_empty());
        assert_eq!(
            documents(&[readme(), file("CHANGELOG.md", "## Unreleased")]).len(),
            1
        );
    }

    #[test]
    fn a_key_of_one_locale_alone_is_found() {
        let found = locales(&[
            file(
                "src/gate/locale/zh-CN.toml",
                "[calls]\ntitle = \"通话\"\nlive = \"进行中\"",
            ),
            file("src/gate/locale/en.toml", "[calls]\ntitle = \"Calls\""),
        ]);
        assert_eq!(
            found,
            ["src/gate/locale/en.toml:1: `calls.live` is missing"]
        );
        assert_eq!(locales(&[file("src/gate/locale/en.toml", "= 1")]).len(), 1);
    }
}
