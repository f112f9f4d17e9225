//! The walls of the house, proved by reading its sources (see `ARCHITECTURE.md`).
//!
//! Each check is a function of texts that returns lines of `file:line: what, and what is right`;
//! here it is run over the repository, and beside it stands a test that shows it can fail.

#[path = "tidy/papers.rs"]
mod papers;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/walls.rs"]
mod walls;
#[path = "tidy/words.rs"]
mod words;

use source::{File, Source};

fn of_sources(check: fn(&[Source]) -> Vec<String>) {
    let sources = source::sources(&source::repository());
    assert!(sources.len() > 10, "the sources were not found");
    assert_none(&check(&sources));
}

fn of_files(check: fn(&[File]) -> Vec<String>) {
    assert_none(&check(&source::repository()));
}

fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn arrows_run_down_only() {
    of_sources(walls::arrows);
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    of_sources(walls::foreign_crates);
}

#[test]
fn no_file_is_too_long() {
    of_sources(sizes::files);
}

#[test]
fn no_room_is_too_large() {
    of_sources(sizes::rooms);
}

#[test]
fn no_function_is_too_long() {
    of_sources(sizes::functions);
}

#[test]
fn no_banned_word_is_used() {
    of_sources(words::banned);
}

#[test]
fn file_names_say_what_is_inside() {
    of_sources(words::file_names);
}

#[test]
fn every_file_is_reached_by_a_mod() {
    of_sources(words::dead_files);
}

#[test]
fn public_items_are_explained() {
    of_sources(words::docstrings);
}

#[test]
fn no_file_names_a_machine() {
    of_files(papers::machine);
}

#[test]
fn every_prompt_of_a_dialplan_is_in_the_script() {
    of_files(papers::prompts);
}

#[test]
fn links_in_documents_resolve() {
    of_files(papers::links);
}

#[test]
fn requirements_name_what_exists() {
    of_files(papers::requirements);
}

#[test]
fn the_documents_of_a_release_are_there() {
    of_files(papers::documents);
}

#[test]
fn locales_have_the_same_keys() {
    of_files(papers::locales);
}
