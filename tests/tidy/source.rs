//! What the checks read: files of the repository, and Rust with its comments, strings and tests
//! blanked out line by line.

use std::fs;
use std::path::{Path, PathBuf};

/// A file with its path from the root of the repository.
pub struct File {
    pub path: String,
    pub text: String,
}

/// A Rust file. The three texts have the same lines.
pub struct Source {
    pub path: String,
    pub text: String,
    /// Without comments and the insides of strings.
    pub code: String,
    /// `code` without what is compiled for tests alone.
    pub live: String,
    /// The lines that are not for tests alone, comments included.
    pub live_lines: usize,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let code = blank_comments_and_strings(text);
        let (live, test_lines) = if is_test_file(path) {
            (String::new(), text.lines().count())
        } else {
            blank_tests(&code)
        };
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            live,
            live_lines: text.lines().count() - test_lines,
        }
    }

    /// The room a file of `src/` belongs to: `media` for `src/media/rtp.rs`, `config` for
    /// `src/config.rs`.
    pub fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let first = inside.split('/').next()?;
        Some(first.strip_suffix(".rs").unwrap_or(first))
    }

    /// The last part of the path without `.rs`.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.strip_suffix(".rs").unwrap_or(name)
    }
}

/// `tests.rs` or anything in a folder `tests`.
fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.split('/').any(|part| part == "tests")
}

/// The repository that is being tested: cargo names it when it runs a test.
pub fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into())
        .into()
}

/// Every text file of the repository that is kept with it.
pub fn repository() -> Vec<File> {
    let root = &root();
    let mut files = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        for path in entries(&dir) {
            let name = path.file_name().and_then(|name| name.to_str());
            let left_out = dir == *root && matches!(name, Some("target" | "data" | ".git"));
            if path.is_dir() && !left_out {
                open.push(path);
            } else if path.is_file()
                && !left_out
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(root).expect("found below the root");
                let path = path.to_str().expect("our file names are UTF-8").to_owned();
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    entries
        .map(|entry| entry.expect("a readable folder").path())
        .collect()
}

/// The files of `src/`; what their parents declare under `#[cfg(test)]` counts as tests.
pub fn sources(files: &[File]) -> Vec<Source> {
    let ours = files
        .iter()
        .filter(|file| file.path.starts_with("src/") && file.path.ends_with(".rs"));
    let mut sources: Vec<Source> = ours
        .map(|file| Source::new(&file.path, &file.text))
        .collect();
    let for_tests: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let module = source.path.trim_end_matches(".rs");
        let module = module.trim_end_matches("/mod");
        let inside = |parent: &String| {
            module == parent
                || module
                    .strip_prefix(parent.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        if for_tests.iter().any(inside) {
            source.live = String::new();
            source.live_lines = 0;
        }
    }
    sources
}

/// `src/engine/harness` for a `#[cfg(test)] mod harness;` in `src/engine/mod.rs`.
fn test_modules(source: &Source) -> Vec<String> {
    let live: Vec<String> = declared_modules(&source.live);
    let all = declared_modules(&source.code).into_iter();
    all.filter(|name| !live.contains(name))
        .map(|name| format!("{}/{name}", child_folder(&source.path)))
        .collect()
}

/// The folder in which the modules declared by `path` stand.
pub fn child_folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
        _ => path.trim_end_matches(".rs").to_owned(),
    }
}

/// The names of `mod name;` in blanked code.
pub fn declared_modules(code: &str) -> Vec<String> {
    let words = code.split_whitespace().collect::<Vec<_>>();
    let pairs = words.windows(2).filter(|pair| pair[0] == "mod");
    pairs
        .filter_map(|pair| pair[1].strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

/// Replaces comments and the insides of strings and characters by spaces.
pub fn blank_comments_and_strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside_word = out.ends_with(is_word);
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment_length(rest)
        } else if let Some(length) = string_length(rest, inside_word) {
            length
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let (gone, after) = rest.split_at(length);
        out.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = after;
    }
    out
}

fn block_comment_length(text: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The bytes of the string or character literal at the start of `text`.
fn string_length(text: &str, inside_word: bool) -> Option<usize> {
    let bare = match text.strip_prefix(['b', 'c']) {
        Some(bare) if !inside_word => bare,
        _ => text,
    };
    let prefix = text.len() - bare.len();
    if let Some(raw) = bare
        .strip_prefix('r')
        .filter(|_| prefix == 1 || !inside_word)
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let body = prefix + 1 + hashes + 1;
            return Some(
                text[body..]
                    .find(&close)
                    .map_or(text.len(), |end| body + end + close.len()),
            );
        }
    }
    let quote = bare.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let is_lifetime = quote == '\''
        && bare[1..].starts_with(is_word)
        && bare.chars().nth(2).is_none_or(|third| third != '\'');
    if is_lifetime {
        return None;
    }
    let mut escaped = false;
    for (at, c) in bare.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(prefix + at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

/// Replaces each item under `#[cfg(test)]` by blank lines, and counts those.
fn blank_tests(code: &str) -> (String, usize) {
    let mut out = String::with_capacity(code.len());
    let mut test_lines = 0;
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        let (before, item) = rest.split_at(at);
        let (gone, after) = item.split_at(item_length(item));
        out.push_str(before);
        out.extend(gone.chars().filter(|c| *c == '\n'));
        test_lines += gone.lines().count();
        rest = after;
    }
    (out + rest, test_lines)
}

/// The bytes up to the item's `;` or the end of its braces, whichever is first.
pub fn item_length(code: &str) -> usize {
    let mut depth = 0usize;
    let mut nested = 0usize;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            '(' | '[' => nested += 1,
            ')' | ']' => nested = nested.saturating_sub(1),
            ';' if depth == 0 && nested == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `word` stands in `text` with no letter, digit or `_` beside it.
pub fn find_words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = text[..*at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            let open = |c: Option<char>| !c.is_some_and(is_word);
            (open(before) || !word.starts_with(is_word))
                && (open(after) || !word.ends_with(is_word))
        })
}

/// The line, from 1, of a byte of `text`.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blanked_and_lines_stay() {
        let text = "a(\"x{\\\"\"); // {\n/* { /* } */ */ b('{', '\\'', r#\"\"{\"#, b\"{\", '\\n');\nfn f<'a>(x: &'a str) {}\n";
        let code = blank_comments_and_strings(text);
        assert_eq!(code.lines().count(), text.lines().count());
        assert_eq!(code.matches('{').count(), 1, "{code}");
        assert!(code.contains("fn f<'a>(x: &'a str) {}"), "{code}");
    }

    #[test]
    fn a_character_of_another_script_is_a_character() {
        let code = blank_comments_and_strings("a('中', 'a', b'a'); rest");
        assert!(code.ends_with("; rest") && !code.contains('中'), "{code}");
    }

    #[test]
    fn what_is_for_tests_is_not_live() {
        let source = Source::new(
            "src/a/b.rs",
            "fn live() {}\n#[cfg(test)]\nmod tests { fn t() { } }\n#[cfg(test)]\nuse x::{y};\nfn more() {}\n",
        );
        assert!(source.live.contains("live") && source.live.contains("more"));
        assert!(!source.live.contains("fn t"));
        assert_eq!(line_of(&source.live, source.live.find("more").unwrap()), 6);
        assert!(Source::new("src/a/tests.rs", "fn t() {}").live.is_empty());
    }

    #[test]
    fn a_file_declared_for_tests_is_not_live() {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let sources = sources(&[
            file("src/a/mod.rs", "mod b;\n#[cfg(test)]\nmod harness;\n"),
            file("src/a/b.rs", "fn b() {}"),
            file("src/a/harness.rs", "fn h() {}"),
            file("src/a/harness/deep.rs", "fn d() {}"),
        ]);
        let live: Vec<bool> = sources.iter().map(|s| !s.live.is_empty()).collect();
        assert_eq!(live, [true, true, false, false]);
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(find_words("sqlx::a mysqlx::b sqlx_c", "sqlx").count(), 1);
    }
}
