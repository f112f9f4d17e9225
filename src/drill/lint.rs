//! What a reader of a dialplan would miss: dead ends, loops, missing prompts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::walk;
use crate::ivr::{Plan, PromptUse, Step, Verb};
use crate::script::{ClipFacts, Findings, Script, Word, nearest};

/// Rates that clips may have.
const RATES_HZ: [u32; 2] = [8000, 16000];
/// Nobody speaks a character faster …
const FASTEST: Duration = Duration::from_millis(90);
/// … or slower than this, pauses included.
const SLOWEST: Duration = Duration::from_millis(700);

/// The called numbers that no plan answers.
pub fn unanswered<'n>(plans: &[&Plan], numbers: &'n [String]) -> Vec<&'n str> {
    let served = |number: &str| plans.iter().any(|plan| plan.serves(number));
    let unserved = numbers.iter().filter(|number| !served(number));
    unserved.map(String::as_str).collect()
}

pub(super) fn plan(plan: &Plan, script: &Script, clips: &ClipFacts, findings: &mut Findings) {
    let graph = Graph::of(plan);
    unknown_steps(plan, findings);
    if !findings.any_error() {
        unreachable_steps(plan, &graph, findings);
        paths(plan, &graph, findings);
        preconditions(plan, &graph, findings);
        menu_before_a_person(plan, findings);
    }
    for step in plan.steps.values() {
        for prompt in step.verb.prompts() {
            check_prompt(step, &prompt, script, clips, findings);
        }
    }
    if !findings.any_error() {
        walk::lint(plan, script, clips, findings);
    }
}

/// The ways out of a step with those of its conditions.
fn exits(step: &Step) -> Vec<(&Word, bool)> {
    let limited = step.at_most.is_some();
    let own = step.verb.exits();
    own.into_iter()
        .map(|exit| (exit.to, exit.counted || limited))
        .chain(step.otherwise.iter().map(|word| (word, false)))
        .chain(step.exhausted.iter().map(|word| (word, false)))
        .collect()
}

struct Graph<'p> {
    /// Step to the steps it leads to, and whether that way is limited in number.
    to: BTreeMap<&'p str, Vec<(&'p str, bool)>>,
}

impl<'p> Graph<'p> {
    fn of(plan: &'p Plan) -> Self {
        let exits = |step: &'p Step| {
            let known = exits(step).into_iter();
            known
                .filter(|(word, _)| plan.steps.contains_key(&word.text))
                .map(|(word, counted)| (word.text.as_str(), counted))
                .collect()
        };
        let to = plan.steps.iter();
        Graph {
            to: to
                .map(|(name, step)| (name.as_str(), exits(step)))
                .collect(),
        }
    }

    /// Steps reachable from `start`, itself included, without going on from steps that `stops`.
    fn reachable(
        &self,
        start: &'p str,
        uncounted_only: bool,
        stops: impl Fn(&str) -> bool,
    ) -> BTreeSet<&'p str> {
        let mut seen = BTreeSet::new();
        let mut open = vec![start];
        while let Some(step) = open.pop() {
            let Some(exits) = self.to.get(step) else {
                continue;
            };
            if !seen.insert(step) || stops(step) {
                continue;
            }
            let ways = exits
                .iter()
                .filter(|(_, counted)| !(uncounted_only && *counted));
            open.extend(ways.map(|(to, _)| *to));
        }
        seen
    }
}

fn unknown_steps(plan: &Plan, findings: &mut Findings) {
    let names: Vec<&str> = plan.steps.keys().map(String::as_str).collect();
    let exits = plan.steps.values().flat_map(exits).map(|(word, _)| word);
    for word in std::iter::once(&plan.start).chain(exits) {
        if plan.steps.contains_key(&word.text) || plan.unread.contains(&word.text) {
            continue;
        }
        let right = match nearest(&word.text, &names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("add `[steps.{}]`", word.text),
        };
        findings.error(&word.span, format!("unknown step `{}`", word.text), right);
    }
}

fn unreachable_steps(plan: &Plan, graph: &Graph, findings: &mut Findings) {
    let start = plan.start.text.as_str();
    let Some((start, _)) = plan.steps.get_key_value(start) else {
        return;
    };
    let reached = graph.reachable(start, false, |_| false);
    for (name, step) in &plan.steps {
        if !reached.contains(name.as_str()) {
            findings.error(
                &step.span,
                format!("step `{name}` is never reached"),
                "name it in another step or remove it",
            );
        }
    }
}

fn paths(plan: &Plan, graph: &Graph, findings: &mut Findings) {
    for (name, step) in &plan.steps {
        let onward = graph.reachable(name, false, |_| false);
        let ends = |name: &&&str| matches!(plan.steps[**name].verb, Verb::End(_));
        if !onward.iter().any(|name| ends(&name)) {
            findings.error(
                &step.span,
                format!("no path from step `{name}` comes to an end"),
                "lead it to a step with `do = \"end\"`",
            );
        }
        let loops = graph.to[name.as_str()]
            .iter()
            .filter(|(_, counted)| !counted)
            .any(|(to, _)| graph.reachable(to, true, |_| false).contains(name.as_str()));
        if loops {
            findings.error(
                &step.span,
                format!("step `{name}` is in a loop without a counter"),
                "add `at_most = 3` and `exhausted = \"STEP\"` to one step of the loop",
            );
        }
    }
}

/// A grade is told and reasoned only after a rating, and a rating offered only after a talk.
fn preconditions(plan: &Plan, graph: &Graph, findings: &mut Findings) {
    let is = |name: &str, verb: fn(&Verb) -> bool| verb(&plan.steps[name].verb);
    let rates = |name: &str| is(name, |verb| matches!(verb, Verb::Rate(_)));
    let connects = |name: &str| is(name, |verb| matches!(verb, Verb::Connect(_)));
    // Whom we call has had his talk before: a revisit asks what it was like, a result is told by the machine.
    let only = |name: &str| plan.answers.iter().all(|pattern| pattern.text == name);
    let (revisits, asks_again) = (only("out:revisit"), only("out:result"));
    let without_rating = graph.reachable(&plan.start.text, false, rates);
    let without_talk = graph.reachable(&plan.start.text, false, connects);
    for (name, step) in &plan.steps {
        let name = name.as_str();
        let (needs, reached) = match &step.verb {
            Verb::Confirm(_) | Verb::Reason(_) => ("rate", without_rating.contains(name)),
            Verb::Rate(_) if asks_again => continue,
            Verb::Connect(_) if revisits => continue,
            Verb::Rate(_) => ("connect", without_talk.contains(name)),
            Verb::Connect(verb) => {
                let after = graph.reachable(&verb.ended().text, false, |_| false);
                if !after.iter().any(|name| rates(name)) {
                    findings.error(
                        &verb.ended().span,
                        "the talk ends without the rating being offered",
                        "lead `ended` to a step with `do = \"rate\"`",
                    );
                }
                continue;
            }
            _ => continue,
        };
        if reached {
            findings.error(
                &step.span,
                format!("step `{name}` can be reached without a `{needs}` step before it"),
                format!("lead to it only from behind a step with `do = \"{needs}\"`"),
            );
        }
    }
}

/// GB/T 33358: within service hours a person answers, not a menu. Whom we call chooses first whether he wants to talk.
fn menu_before_a_person(plan: &Plan, findings: &mut Findings) {
    let mut answers = plan.answers.iter();
    if answers.all(|pattern| pattern.text.starts_with("out:")) {
        return;
    }
    let mut seen = BTreeSet::new();
    let mut open = vec![plan.start.text.as_str()];
    while let Some(name) = open.pop() {
        if !seen.insert(name) {
            continue;
        }
        let step = &plan.steps[name];
        match &step.verb {
            Verb::Connect(_) => {}
            Verb::Hours(verb) => open.push(&verb.open().text),
            Verb::Menu(_) | Verb::Digits(_) => findings.warning(
                &step.span,
                format!("step `{name}` asks for a key before a person answers"),
                "GB/T 33358 wants a person first: connect, and offer menus when nobody can be had",
            ),
            verb => open.extend(verb.exits().iter().map(|exit| exit.to.text.as_str())),
        }
    }
}

fn check_prompt(
    step: &Step,
    used: &PromptUse,
    script: &Script,
    clips: &ClipFacts,
    findings: &mut Findings,
) {
    let id = used.id;
    let Some(prompt) = script.prompt(&id.text) else {
        let known: Vec<&str> = script.ids().collect();
        let right = match nearest(&id.text, &known) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "add it to the locale's script.toml".to_owned(),
        };
        findings.error(
            &id.span,
            format!("prompt `{}` is not in the script", id.text),
            right,
        );
        return;
    };
    for name in prompt.placeholders() {
        let needed = step.needs.iter().any(|need| need.text == name);
        if !needed && !used.provides.contains(&name) {
            findings.error(
                &id.span,
                format!(
                    "prompt `{}` says {{{name}}}, which may be unknown here",
                    id.text
                ),
                format!("add `needs = [\"{name}\"]` and `otherwise = \"STEP\"` to the step"),
            );
        }
    }
    for stem in prompt.clip_files() {
        check_clip(&stem, id, script, clips, findings);
    }
    let own = prompt.clip_files();
    let length_ms: u64 = own
        .iter()
        .filter_map(|stem| clips.get(stem))
        .map(|clip| u64::from(clip.length_ms))
        .sum();
    if let Some(after) = used.barge_in_after
        && after > Duration::from_millis(length_ms)
        && own.iter().all(|stem| clips.contains_key(stem))
    {
        findings.error(
            &id.span,
            format!(
                "barge-in begins after {} s, but prompt `{}` lasts {:.1} s",
                after.as_secs_f64(),
                id.text,
                Duration::from_millis(length_ms).as_secs_f64(),
            ),
            "set `barge_in_after_s` within the prompt, or leave it out to play it whole",
        );
    }
}

fn check_clip(stem: &str, id: &Word, script: &Script, clips: &ClipFacts, findings: &mut Findings) {
    let Some(clip) = clips.get(stem) else {
        findings.error(
            &id.span,
            format!("prompt `{}` needs {stem}.wav, which is missing", id.text),
            "record it, 8 kHz mono 16 bit",
        );
        return;
    };
    if !RATES_HZ.contains(&clip.rate_hz) || clip.channels != 1 {
        findings.error(
            &id.span,
            format!(
                "{stem}.wav has {} Hz and {} channels",
                clip.rate_hz, clip.channels
            ),
            "8000 or 16000 Hz, mono",
        );
    }
    let Some(words) = script.words(stem) else {
        return;
    };
    let spoken = words.chars().filter(|char| char.is_alphanumeric()).count();
    let spoken = u32::try_from(spoken).unwrap_or(u32::MAX);
    let length = Duration::from_millis(u64::from(clip.length_ms));
    if length < FASTEST * spoken || length > SLOWEST * spoken + Duration::from_secs(2) {
        findings.warning(
            &id.span,
            format!(
                "{stem}.wav lasts {:.1} s for {spoken} characters",
                length.as_secs_f64()
            ),
            "is it the recording of this text?",
        );
    }
}

#[cfg(test)]
mod tests;
