//! What a step can do: one verb one file, its data, its keys in the plan and its conduct.

mod callback;
mod confirm;
mod connect;
mod digits;
mod end;
mod hours;
mod menu;
mod message;
mod play;
mod rate;
mod reason;
mod waiting;

use std::time::Duration;

use super::ask::Asks;
use super::run::{Next, Run};
use super::{Digit, Event, Mark};
use crate::script::{Findings, Section, Span, Word, keys};

pub use callback::Callback;
pub use confirm::Confirm;
pub use connect::Connect;
pub use digits::Digits;
pub use end::End;
pub use hours::HoursCheck;
pub use menu::Menu;
pub use message::Message;
pub use play::Play;
pub use rate::Rate;
pub use reason::Reason;

/// A step's verb with its data.
#[derive(Debug, Clone)]
pub enum Verb {
    Hours(HoursCheck),
    Play(Play),
    Menu(Menu),
    Connect(Box<Connect>),
    Rate(Rate),
    Confirm(Confirm),
    Reason(Reason),
    Digits(Digits),
    Message(Message),
    Callback(Callback),
    End(End),
}

/// Where a running step is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum State {
    /// A prompt that takes no key (`play`, `callback`, `end`).
    Playing,
    Menu(menu::State),
    Connect(connect::State),
    Rate(rate::State),
    Confirm(confirm::State),
    Reason(reason::State),
    Digits(digits::State),
    Message(message::State),
}

/// A way out of a step.
#[derive(Debug, Clone)]
pub struct Exit<'p> {
    pub to: &'p Word,
    /// Taken a limited number of times by the verb itself.
    pub counted: bool,
}

/// A prompt that a step plays.
#[derive(Debug, Clone)]
pub struct PromptUse<'p> {
    pub id: &'p Word,
    /// Values that the step itself provides or without which it leaves the prompt out.
    pub provides: &'static [&'static str],
    pub barge_in_after: Option<Duration>,
}

impl<'p> Exit<'p> {
    fn new(to: &'p Word) -> Self {
        Exit { to, counted: false }
    }
}

impl<'p> PromptUse<'p> {
    fn new(id: &'p Word) -> Self {
        PromptUse {
            id,
            provides: &[],
            barge_in_after: None,
        }
    }

    fn providing(self, provides: &'static [&'static str]) -> Self {
        PromptUse { provides, ..self }
    }

    fn barge_in(self, asks: &Asks) -> Self {
        let barge_in_after = asks.barge_in_after();
        PromptUse {
            barge_in_after,
            ..self
        }
    }
}

/// The way out that a word of the plan names.
trait Go {
    fn go(&self) -> Next;
}

impl Go for Word {
    fn go(&self) -> Next {
        Next::Go(self.text.clone())
    }
}

/// What a key stands for.
fn find<T>(keys: &[(Digit, T)], key: Digit) -> Option<&T> {
    let own = keys.iter().find(|(own, _)| *own == key);
    own.map(|(_, meaning)| meaning)
}

fn spans(keys: &[(Digit, Word)]) -> impl Iterator<Item = (Digit, &Span)> {
    keys.iter().map(|(key, word)| (*key, &word.span))
}

/// A key may mean one thing only.
fn refuse_double_keys<'k>(
    keys: impl Iterator<Item = (Digit, &'k Span)>,
    others: &[Option<Digit>],
    findings: &mut Findings,
) {
    let mut taken: Vec<Digit> = others.iter().copied().flatten().collect();
    for (key, span) in keys {
        if taken.contains(&key) {
            findings.error(
                span,
                format!("key {key} has two meanings"),
                "give each key one meaning",
            );
        }
        taken.push(key);
    }
}

/// Whether a prompt that takes no key was heard to its end; keys in it are told.
fn heard_out(event: &Event, run: &mut Run) -> bool {
    if let Event::Digit(key) = event {
        run.mark(Mark::KeyIgnored(*key));
    }
    matches!(event, Event::Played(_) | Event::Timeout)
}

impl State {
    /// Whether the step waits for the store or the recorder, and so hears itself that the caller left.
    pub fn outlives_the_caller(&self) -> bool {
        match self {
            State::Rate(state) => matches!(state, rate::State::Storing { .. }),
            State::Message(state) => state.records(),
            _ => false,
        }
    }
}

type Reader = fn(&mut Section, &mut Findings) -> Option<Verb>;

/// Every verb by its name in a plan.
pub const VERBS: [(&str, Reader); 11] = [
    ("hours", |s, f| HoursCheck::read(s, f).map(Verb::Hours)),
    ("play", |s, f| Play::read(s, f).map(Verb::Play)),
    ("menu", |s, f| {
        Menu::read(s, f).inspect(|v| v.check(f)).map(Verb::Menu)
    }),
    ("connect", |s, f| {
        Connect::read(s, f)
            .inspect(|v| v.check(s, f))
            .map(|verb| Verb::Connect(Box::new(verb)))
    }),
    ("rate", |s, f| {
        Rate::read(s, f).inspect(|v| v.check(f)).map(Verb::Rate)
    }),
    ("confirm", |s, f| Confirm::read(s, f).map(Verb::Confirm)),
    ("reason", |s, f| {
        Reason::read(s, f).inspect(|v| v.check(f)).map(Verb::Reason)
    }),
    ("digits", |s, f| Digits::read(s, f).map(Verb::Digits)),
    ("message", |s, f| Message::read(s, f).map(Verb::Message)),
    ("callback", |s, f| Callback::read(s, f).map(Verb::Callback)),
    ("end", |s, f| End::read(s, f).map(Verb::End)),
];

impl Verb {
    pub fn exits(&self) -> Vec<Exit<'_>> {
        match self {
            Verb::Hours(verb) => verb.exits(),
            Verb::Play(verb) => verb.exits(),
            Verb::Menu(verb) => verb.exits(),
            Verb::Connect(verb) => verb.exits(),
            Verb::Rate(verb) => verb.exits(),
            Verb::Confirm(verb) => verb.exits(),
            Verb::Reason(verb) => verb.exits(),
            Verb::Digits(verb) => verb.exits(),
            Verb::Message(verb) => verb.exits(),
            Verb::Callback(verb) => verb.exits(),
            Verb::End(_) => Vec::new(),
        }
    }

    pub fn prompts(&self) -> Vec<PromptUse<'_>> {
        match self {
            Verb::Hours(_) => Vec::new(),
            Verb::Play(verb) => verb.prompts(),
            Verb::Menu(verb) => verb.prompts(),
            Verb::Connect(verb) => verb.prompts(),
            Verb::Rate(verb) => verb.prompts(),
            Verb::Confirm(verb) => verb.prompts(),
            Verb::Reason(verb) => verb.prompts(),
            Verb::Digits(verb) => verb.prompts(),
            Verb::Message(verb) => verb.prompts(),
            Verb::Callback(verb) => verb.prompts(),
            Verb::End(verb) => verb.prompts(),
        }
    }

    pub fn enter(&self, run: &mut Run) -> Next {
        match self {
            Verb::Hours(verb) => verb.enter(run),
            Verb::Play(verb) => verb.enter(run),
            Verb::Menu(verb) => verb.enter(run),
            Verb::Connect(verb) => verb.enter(run),
            Verb::Rate(verb) => verb.enter(run),
            Verb::Confirm(verb) => verb.enter(run),
            Verb::Reason(verb) => verb.enter(run),
            Verb::Digits(verb) => verb.enter(run),
            Verb::Message(verb) => verb.enter(run),
            Verb::Callback(verb) => verb.enter(run),
            Verb::End(verb) => verb.enter(run),
        }
    }

    /// Takes an event in `state`; a state of another verb cannot come about and ends the run.
    pub fn on(&self, state: State, event: &Event, run: &mut Run) -> Next {
        match (self, state) {
            (Verb::Play(verb), State::Playing) => verb.on(event, run),
            (Verb::Menu(verb), State::Menu(state)) => verb.on(state, event, run),
            (Verb::Connect(verb), State::Connect(state)) => verb.on(state, event, run),
            (Verb::Rate(verb), State::Rate(state)) => verb.on(state, event, run),
            (Verb::Confirm(verb), State::Confirm(state)) => verb.on(state, event, run),
            (Verb::Reason(verb), State::Reason(state)) => verb.on(state, event, run),
            (Verb::Digits(verb), State::Digits(state)) => verb.on(state, event, run),
            (Verb::Message(verb), State::Message(state)) => verb.on(state, event, run),
            (Verb::Callback(verb), State::Playing) => verb.on(event, run),
            (Verb::End(verb), State::Playing) => verb.on(event, run),
            _ => Next::Over(super::run::Cause::Fault),
        }
    }
}
