//! Files, rooms and functions that are too long to be read.

use std::collections::BTreeMap;

use crate::source::{Source, find_words, item_length, line_of};

const FILE_LINES: usize = 400;
const ROOM_LINES: usize = 3000;
const FUNCTION_LINES: usize = 70;

/// Functions that are longer for a reason: `(path, function, lines, reason)`. It only shrinks.
const LONG_FUNCTIONS: [(&str, &str, usize, &str); 0] = [];

pub fn files(sources: &[Source]) -> Vec<String> {
    let long = sources
        .iter()
        .filter(|source| source.live_lines > FILE_LINES);
    long.map(|source| {
        let lines = source.live_lines;
        let path = &source.path;
        format!("{path}:{FILE_LINES}: {lines} lines without tests; split it at {FILE_LINES}")
    })
    .collect()
}

pub fn rooms(sources: &[Source]) -> Vec<String> {
    let mut rooms = BTreeMap::<&str, usize>::new();
    for source in sources {
        if let Some(room) = source.room() {
            *rooms.entry(room).or_default() += source.live_lines;
        }
    }
    let large = rooms.into_iter().filter(|(_, lines)| *lines > ROOM_LINES);
    large
        .map(|(room, lines)| {
            format!(
                "src/{room}:1: {lines} lines without tests; a room of {ROOM_LINES} wants a wall"
            )
        })
        .collect()
}

pub fn functions(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        for at in find_words(&source.live, "fn") {
            let item = &source.live[at..];
            let name = function_name(item);
            let lines = item[..item_length(item)].matches('\n').count() + 1;
            let known = LONG_FUNCTIONS
                .iter()
                .find(|(path, function, ..)| *path == source.path && *function == name);
            let most = known.map_or(FUNCTION_LINES, |(_, _, lines, _)| *lines);
            // A pointer type, `fn(u8) -> u8`, has no name.
            if lines > most && !name.is_empty() {
                findings.push(format!(
                    "{}:{}: `{name}` has {lines} lines; {most} is the most",
                    source.path,
                    line_of(&source.live, at)
                ));
            }
        }
    }
    findings
}

fn function_name(item: &str) -> &str {
    let name = item["fn".len()..].trim_start();
    let end = name
        .find(|c| !crate::source::is_word(c))
        .unwrap_or(name.len());
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> [Source; 1] {
        [Source::new("src/store/a.rs", text)]
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            "// t\n\nuse a;\n".repeat(200)
        );
        assert!(files(&source(&format!("{}{tests}", "use a;\n".repeat(400)))).is_empty());
        let found = files(&source(&format!("{}{tests}", "// why\n".repeat(401)))).join("");
        assert!(found.contains("401 lines"), "{found}");
    }

    #[test]
    fn a_large_room_is_found() {
        let file =
            |name: &str| Source::new(&format!("src/store/{name}.rs"), &"use a;\n".repeat(1001));
        assert!(rooms(&[file("a"), file("b")]).is_empty());
        assert!(
            rooms(&[file("a"), file("b"), file("c")])
                .join("")
                .contains("3003 lines")
        );
    }

    #[test]
    fn a_long_function_is_found() {
        let body = |lines: usize| {
            format!(
                "\nfn long(a: [u8; 4]) {{\n{}}}\n",
                "    a();\n".repeat(lines)
            )
        };
        assert!(functions(&source(&body(68))).is_empty());
        let found = functions(&source(&body(69))).join("");
        assert!(
            found.starts_with("src/store/a.rs:2: `long` has 71 lines"),
            "{found}"
        );
    }
}
