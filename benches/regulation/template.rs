//! Rows of a pattern as they read in a copy of it: other names and numbers, another day.

use std::collections::HashMap;
use std::fmt::Write as _;

use gradeline::acts::{BEGINNING, Line, link};
use gradeline::domain::Moment;

use crate::Outcome;
use crate::house::DAY_MS;
use crate::pattern::{MARK, Pattern, STEP_MS, Value};

enum Piece {
    Literal(String),
    Mark,
    /// A ticket's or a slip's number, by its place in the pattern.
    Number(usize),
    Moment(Moment),
    Day(Moment),
}

enum Cell {
    Same(Value),
    At(Moment),
    Text(Vec<Piece>),
}

pub struct TableTemplate {
    pub name: &'static str,
    pub columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

pub struct Template {
    pub tables: Vec<TableTemplate>,
    /// Letter and day of each number.
    numbers: Vec<(char, Moment)>,
}

/// What goes on from copy to copy.
#[derive(Default)]
pub struct State {
    /// The last number given, by letter and year.
    pub series: HashMap<(char, i16), u32>,
    pub seq: u64,
    pub hash: String,
    /// Texts of days, which are many times the same.
    days: HashMap<i64, String>,
}

impl State {
    /// The day of a moment, as text.
    pub fn day(&mut self, at: Moment) -> &str {
        let number = (at.millis() + EAST_MS).div_euclid(DAY_MS);
        self.days
            .entry(number)
            .or_insert_with(|| at.day().to_string())
    }

    /// As `Moment` writes itself, several times as fast.
    fn write_moment(&mut self, at: Moment, text: &mut String) {
        let ms = (at.millis() + EAST_MS).rem_euclid(DAY_MS);
        let (second, ms) = (ms / 1000, ms % 1000);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let day = self.day(at);
        let _ = write!(
            text,
            "{day}T{hour:02}:{minute:02}:{second:02}.{ms:03}+08:00"
        );
    }

    fn moment(&mut self, at: Moment) -> String {
        let mut text = String::with_capacity(29);
        self.write_moment(at, &mut text);
        text
    }
}

/// Asia/Shanghai before UTC.
const EAST_MS: i64 = 8 * 3_600_000;

/// Which copy.
#[derive(Clone, Copy)]
pub struct Copy {
    pub number: u64,
    /// From the pattern's day.
    pub days: i64,
    /// Within the pause between two acts.
    pub later_ms: i64,
}

pub struct Rendered {
    pub table: usize,
    pub values: Vec<Value>,
}

impl Template {
    pub fn of(pattern: &Pattern) -> Outcome<Template> {
        let mut names: Vec<(String, Moment)> = Vec::new();
        for (table, number, made_at) in [
            ("tickets", "number", "opened_at"),
            ("slips", "number", "made_at"),
        ] {
            let table = pattern.tables.iter().find(|one| one.name == table);
            let table = table.ok_or("a table is missing")?;
            let column = |name: &str| table.columns.iter().position(|column| column == name);
            let (number, made_at) = (
                column(number).ok_or("no number")?,
                column(made_at).ok_or("no time")?,
            );
            for row in &table.rows {
                if let (Value::Text(name), Value::Int(at)) = (&row[number], &row[made_at])
                    && !names.iter().any(|(known, _)| known == name)
                {
                    names.push((name.clone(), Moment::from_millis(*at)));
                }
            }
        }
        let tables = pattern.tables.iter().map(|table| TableTemplate {
            name: table.name,
            columns: table.columns.clone(),
            rows: table
                .rows
                .iter()
                .map(|row| {
                    let cells = row.iter().zip(&table.columns);
                    cells
                        .map(|(value, column)| cell(value, column, &names))
                        .collect()
                })
                .collect(),
        });
        let letter = |name: &String| name.chars().next().unwrap_or('T');
        Ok(Template {
            tables: tables.collect(),
            numbers: names.iter().map(|(name, at)| (letter(name), *at)).collect(),
        })
    }

    /// All rows of a copy, table by table.
    pub fn render(&self, copy: Copy, state: &mut State) -> Vec<Rendered> {
        let mark = format!("{:08}", copy.number);
        let numbers: Vec<String> = self
            .numbers
            .iter()
            .map(|(letter, at)| {
                let year = moved(*at, copy).day().year();
                let last = state.series.entry((*letter, year)).or_default();
                *last += 1;
                format!("{letter}{year:04}-{last:06}")
            })
            .collect();
        let mut rendered = Vec::new();
        for (index, table) in self.tables.iter().enumerate() {
            for row in &table.rows {
                let mut values: Vec<Value> = row
                    .iter()
                    .map(|cell| value(cell, copy, &mark, &numbers, state))
                    .collect();
                if table.name == "trail" {
                    chain(&table.columns, &mut values, state);
                }
                rendered.push(Rendered {
                    table: index,
                    values,
                });
            }
        }
        rendered
    }
}

/// The line's place in the chain, bound to the one before, as the program binds it.
fn chain(columns: &[String], values: &mut [Value], state: &mut State) {
    let place = |name: &str| columns.iter().position(|column| column == name);
    let text = |name: &str| match place(name).map(|place| &values[place]) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let Some(Value::Int(at)) = place("at").map(|place| &values[place]) else {
        return;
    };
    state.seq += 1;
    let line = Line {
        seq: state.seq,
        at: state.moment(Moment::from_millis(*at)),
        actor: text("actor").unwrap_or_default(),
        person: text("person"),
        what: text("what").unwrap_or_default(),
        subject: text("subject").unwrap_or_default(),
        article: text("article").unwrap_or_default(),
        detail: text("detail").unwrap_or_default(),
        record: text("record"),
        rehearsal: false,
        rating: text("rating_id"),
        ticket: text("ticket"),
    };
    let previous = if state.seq == 1 {
        BEGINNING
    } else {
        state.hash.as_str()
    };
    state.hash = link(previous, &line);
    if let (Some(seq), Some(hash)) = (place("seq"), place("hash")) {
        values[seq] = Value::Int(state.seq as i64);
        values[hash] = Value::Text(state.hash.clone());
    }
}

/// By whole days; a moment of the working day also by the copy's own pause. The end of a day stays one.
fn moved(at: Moment, copy: Copy) -> Moment {
    let (hour, _) = at.hour_minute();
    let later = if (6..22).contains(&hour) {
        copy.later_ms
    } else {
        0
    };
    debug_assert!(copy.later_ms < STEP_MS);
    at.plus_millis(copy.days * DAY_MS + later)
}

fn value(cell: &Cell, copy: Copy, mark: &str, numbers: &[String], state: &mut State) -> Value {
    match cell {
        Cell::Same(value) => value.clone(),
        Cell::At(at) => Value::Int(moved(*at, copy).millis()),
        Cell::Text(pieces) => {
            let mut text = String::with_capacity(64);
            for piece in pieces {
                match piece {
                    Piece::Literal(literal) => text.push_str(literal),
                    Piece::Mark => text.push_str(mark),
                    Piece::Number(number) => text.push_str(&numbers[*number]),
                    Piece::Moment(at) => state.write_moment(moved(*at, copy), &mut text),
                    Piece::Day(start) => {
                        text.push_str(state.day(start.plus_millis(copy.days * DAY_MS)));
                    }
                }
            }
            Value::Text(text)
        }
    }
}

fn cell(value: &Value, column: &str, names: &[(String, Moment)]) -> Cell {
    match value {
        Value::Int(ms) if column == "at" || column.ends_with("_at") => {
            Cell::At(Moment::from_millis(*ms))
        }
        Value::Text(text) => {
            let pieces = pieces(text, names);
            match pieces.as_slice() {
                [] | [Piece::Literal(_)] => Cell::Same(value.clone()),
                _ => Cell::Text(pieces),
            }
        }
        other => Cell::Same(other.clone()),
    }
}

fn pieces(text: &str, names: &[(String, Moment)]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, length) = match piece_at(rest, names) {
            Some(found) => found,
            None => {
                let next = rest.chars().next().map_or(1, char::len_utf8);
                literal.push_str(&rest[..next]);
                rest = &rest[next..];
                continue;
            }
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(piece);
        rest = &rest[length..];
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

/// What changes at the beginning of a text, with its length.
fn piece_at(text: &str, names: &[(String, Moment)]) -> Option<(Piece, usize)> {
    if text.starts_with(MARK) {
        return Some((Piece::Mark, MARK.len()));
    }
    if let Some(number) = names
        .iter()
        .position(|(name, _)| text.starts_with(name.as_str()))
    {
        return Some((Piece::Number(number), names[number].0.len()));
    }
    let bytes = text.as_bytes();
    if !(bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-') {
        return None;
    }
    let is_of_time = |byte: &u8| byte.is_ascii_digit() || b"-+:.TZ".contains(byte);
    let length = bytes.iter().take_while(|byte| is_of_time(byte)).count();
    if let Ok(moment) = text[..length].parse::<Moment>()
        && moment.to_string() == text[..length]
    {
        return Some((Piece::Moment(moment), length));
    }
    let day: gradeline::domain::Day = text.get(..10)?.parse().ok()?;
    Some((Piece::Day(day.start()), 10))
}
