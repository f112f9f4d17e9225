//! Words that do not belong, files nobody reads, and public items nobody explains.

use crate::source::{Source, child_folder, declared_modules, find_words, line_of};

/// A word, the rooms that may use it, and what is right elsewhere.
const BANNED: [(&str, &[&str], &str); 11] = [
    ("todo!", &[], "build it, or leave it out"),
    ("unimplemented!", &[], "build it, or leave it out"),
    ("dbg!", &[], "log it by `tracing`, or leave it out"),
    (
        "println!",
        &["main", "app", "clerk", "studio"],
        "log it by `tracing`; only commands print",
    ),
    (
        "eprintln!",
        &["main", "app", "clerk", "studio"],
        "log it by `tracing`; only commands print",
    ),
    (
        "print!",
        &["main", "app", "clerk", "studio"],
        "log it by `tracing`; only commands print",
    ),
    (
        "eprint!",
        &["main", "app", "clerk", "studio"],
        "log it by `tracing`; only commands print",
    ),
    (".unwrap()", &[], "`?`, or `expect(\"why this holds\")`"),
    (
        "unbounded_channel",
        &[],
        "a bounded channel, and a decision for when it is full",
    ),
    (
        "unbounded",
        &[],
        "a bounded channel, and a decision for when it is full",
    ),
    ("thread::sleep", &[], "wait for the event itself"),
];

/// Banned words that stay for a reason: `(path, word, times, reason)`. It only shrinks; an entry
/// that allows more than there is must go.
const ALLOWED: [(&str, &str, usize, &str); 1] = [(
    "src/seam/streamed.rs",
    "unbounded_channel",
    2,
    "the stack's own channel types; permits bound what goes in, a slow peer's stream is closed",
)];

/// File names that say nothing.
const NAMES: [&str; 5] = ["utils", "util", "helpers", "common", "types"];

pub fn banned(sources: &[Source]) -> Vec<String> {
    banned_but(&ALLOWED, sources)
}

fn banned_but(allowed: &[(&str, &str, usize, &str)], sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let path = &source.path;
        for (word, rooms, right) in BANNED {
            if source.room().is_some_and(|room| rooms.contains(&room)) {
                continue;
            }
            let lines: Vec<usize> = find_words(&source.live, word)
                .map(|at| line_of(&source.live, at))
                .collect();
            let entry = allowed
                .iter()
                .find(|(file, w, ..)| file == path && *w == word);
            let allowed = entry.map_or(0, |(_, _, times, _)| *times);
            if lines.len() < allowed {
                let times = lines.len();
                findings.push(format!(
                    "{path}:1: `{word}` {times} times; lower its {allowed} in ALLOWED of tests/tidy/words.rs"
                ));
            }
            let found = lines.iter().skip(allowed);
            findings
                .extend(found.map(|line| format!("{path}:{line}: `{word}`; right is: {right}")));
        }
    }
    findings
}

pub fn file_names(sources: &[Source]) -> Vec<String> {
    let vague = sources.iter().filter(|source| {
        let parts = source.path.trim_end_matches(".rs").split('/');
        parts.into_iter().any(|part| NAMES.contains(&part))
    });
    vague
        .map(|source| format!("{}:1: call it by what it holds", source.path))
        .collect()
}

pub fn dead_files(sources: &[Source]) -> Vec<String> {
    let mut reached = vec!["src/lib.rs".to_owned(), "src/main.rs".to_owned()];
    let mut next = 0;
    while next < reached.len() {
        let parent = reached[next].clone();
        next += 1;
        let Some(source) = sources.iter().find(|source| source.path == parent) else {
            continue;
        };
        for name in declared_modules(&source.code) {
            let folder = child_folder(&parent);
            reached.push(format!("{folder}/{name}.rs"));
            reached.push(format!("{folder}/{name}/mod.rs"));
        }
    }
    let dead = sources
        .iter()
        .filter(|source| !reached.contains(&source.path));
    dead.map(|source| {
        format!(
            "{}:1: no `mod` leads here; declare it or remove it",
            source.path
        )
    })
    .collect()
}

/// Public items that other rooms can name, and that have no `///`.
pub fn docstrings(sources: &[Source]) -> Vec<String> {
    bare_items(sources)
        .into_iter()
        .map(|(path, line, name)| format!("{path}:{line}: `{name}` needs a docstring"))
        .collect()
}

/// `(path, line, name)` of each exported item without a docstring.
fn bare_items(sources: &[Source]) -> Vec<(String, usize, String)> {
    let mut findings = Vec::new();
    for source in sources {
        let exported = exported(source, sources);
        let mut documented = false;
        let mut in_attribute = false;
        let lines = source.text.lines().zip(source.live.lines()).enumerate();
        for (index, (text, live)) in lines {
            if text.starts_with("///") || text.starts_with("#[doc") {
                documented = true;
            }
            if text.starts_with("#[") {
                in_attribute = true;
            }
            if let Some(name) = public_name(live)
                && !documented
                && exported.has(name)
            {
                findings.push((source.path.clone(), index + 1, name.to_owned()));
            }
            let goes_on = text.starts_with("//") || text.starts_with("#[") || in_attribute;
            documented &= goes_on;
            in_attribute &= !text.trim_end().ends_with(']');
        }
    }
    findings
}

/// What of a file its room shows.
enum Exported {
    Everything,
    Names(Vec<String>),
}

impl Exported {
    fn has(&self, name: &str) -> bool {
        match self {
            Exported::Everything => true,
            Exported::Names(names) => names.iter().any(|shown| shown == name),
        }
    }
}

fn exported(source: &Source, sources: &[Source]) -> Exported {
    let room = source.room().unwrap_or_default();
    let doors = [format!("src/{room}/mod.rs"), format!("src/{room}.rs")];
    if doors.contains(&source.path) {
        return Exported::Everything;
    }
    let Some(door) = sources.iter().find(|other| doors.contains(&other.path)) else {
        return Exported::Names(Vec::new());
    };
    let stem = source.stem();
    let open = [format!("pub mod {stem};"), format!("pub use {stem}::*")];
    if open.iter().any(|line| door.live.contains(line.as_str())) {
        return Exported::Everything;
    }
    let uses = find_words(&door.live, "pub use").map(|at| {
        let rest = &door.live[at..];
        &rest[..rest.find(';').unwrap_or(rest.len())]
    });
    let of_this_file = uses.filter(|item| find_words(item, stem).next().is_some());
    Exported::Names(
        of_this_file
            .flat_map(|item| item.split(|c: char| !crate::source::is_word(c)))
            .map(str::to_owned)
            .collect(),
    )
}

/// The name of an item that begins, at the left margin, on this line.
fn public_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ")?;
    let mut words = rest
        .split_whitespace()
        .skip_while(|word| matches!(*word, "async" | "unsafe"));
    let kind = words.next()?;
    let name = match (kind, words.next()?) {
        ("const", "fn") => words.next()?,
        ("fn" | "struct" | "enum" | "trait" | "const" | "static" | "type", name) => name,
        _ => return None,
    };
    name.split(|c| !crate::source::is_word(c)).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source::new(path, text)
    }

    #[test]
    fn each_banned_word_is_found_outside_tests_only() {
        for (word, _, _) in BANNED {
            let call = format!("fn f() {{\n    x{word}(1);\n}}\n");
            let call = if word.starts_with('.') {
                call
            } else {
                call.replace("x", "")
            };
            let found = banned(&[source("src/store/a.rs", &call)]).join("");
            assert!(found.starts_with("src/store/a.rs:2:"), "{word}: {found}");
            let test = format!("#[cfg(test)]\nmod tests {{\n{call}}}\n");
            assert!(
                banned(&[source("src/store/a.rs", &test)]).is_empty(),
                "{word}"
            );
        }
        assert!(banned(&[source("src/app/a.rs", "fn f() { println!() }")]).is_empty());
        assert!(banned(&[source("src/store/a.rs", "// todo!()\nfn unwrap_or() {}")]).is_empty());
    }

    #[test]
    fn an_allowance_holds_and_must_be_lowered() {
        let allowed = [("src/store/a.rs", "todo!", 1, "why")];
        let check = |text: &str| banned_but(&allowed, &[source("src/store/a.rs", text)]);
        assert!(check("fn a() { todo!() }").is_empty());
        assert!(
            check("fn a() { todo!() }\nfn b() { todo!() }")[0].starts_with("src/store/a.rs:2:")
        );
        assert!(check("fn a() {}")[0].contains("lower its 1"));
    }

    #[test]
    fn a_name_that_says_nothing_is_found() {
        assert_eq!(file_names(&[source("src/web/utils.rs", "")]).len(), 1);
        assert_eq!(file_names(&[source("src/web/helpers/a.rs", "")]).len(), 1);
        assert!(file_names(&[source("src/web/pages.rs", "")]).is_empty());
    }

    #[test]
    fn a_file_without_a_mod_is_found() {
        let house = [
            source("src/lib.rs", "pub mod web;"),
            source("src/web/mod.rs", "mod pages;\n// mod ghost;"),
            source("src/web/pages.rs", "mod list;"),
            source("src/web/pages/list.rs", ""),
            source("src/web/ghost.rs", ""),
        ];
        let found = dead_files(&house);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("src/web/ghost.rs:1:"), "{found:?}");
    }

    #[test]
    fn a_public_item_without_a_docstring_is_found() {
        let bare = "#[derive(Debug)]\npub struct Leg;\n";
        let door = |text: &str| source("src/desks/mod.rs", text);
        let found = docstrings(&[door(bare)]).join("");
        assert!(found.starts_with("src/desks/mod.rs:2: `Leg`"), "{found}");
        let told = "/// One side.\n#[derive(\n    Debug,\n)]\n// why\npub struct Leg;\n";
        assert!(docstrings(&[door(told)]).is_empty());
        let inner = source("src/desks/leg.rs", bare);
        assert!(docstrings(&[door("mod leg;\n"), source("src/desks/leg.rs", bare)]).is_empty());
        assert_eq!(
            docstrings(&[door("mod leg;\npub use leg::{Leg, Side};\n"), inner]).len(),
            1
        );
        assert_eq!(docstrings(&[door("pub const fn f() {}")]).len(), 1);
    }
}
