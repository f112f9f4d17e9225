use std::collections::BTreeMap;

use super::count::Count;

/// Partial sums: a count with how many. Merged in any order they come to the same (a commutative group:
/// what was counted can be taken out again).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Count, i64>);

impl Tally {
    pub fn add(&mut self, count: Count, many: i64) {
        let sum = self.0.entry(count).or_default();
        *sum += many;
        if *sum == 0 {
            self.0.remove(&count);
        }
    }

    /// Once, where it is so.
    pub(super) fn add_if(&mut self, count: Count, so: bool) {
        if so {
            self.add(count, 1);
        }
    }

    pub fn get(&self, count: Count) -> i64 {
        self.0.get(&count).copied().unwrap_or_default()
    }

    /// Of several counts together.
    pub fn sum(&self, counts: &[Count]) -> i64 {
        counts.iter().map(|count| self.get(*count)).sum()
    }

    pub fn merge(&mut self, other: &Tally) {
        for (count, many) in other.iter() {
            self.add(count, many);
        }
    }

    /// Takes out what was merged before.
    pub fn take_out(&mut self, other: &Tally) {
        for (count, many) in other.iter() {
            self.add(count, -many);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (Count, i64)> + '_ {
        self.0.iter().map(|(count, many)| (*count, *many))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// ` rated given waited_ms=4200 `: each count between spaces, so that one can be looked for in it.
    pub fn text(&self) -> String {
        let mut text = String::from(" ");
        for (count, many) in self.iter() {
            text.push_str(count.word());
            if many != 1 {
                text.push_str(&format!(" ={many}"));
            }
            text.push(' ');
        }
        text
    }

    /// What [`text`](Self::text) wrote; `None` for anything else.
    pub fn of_text(text: &str) -> Option<Tally> {
        let mut tally = Tally::default();
        let mut last: Option<Count> = None;
        for word in text.split_whitespace() {
            match word.strip_prefix('=') {
                None => {
                    let count = word.parse().ok()?;
                    tally.add(count, 1);
                    last = Some(count);
                }
                Some(many) => {
                    let many: i64 = many.parse().ok()?;
                    tally.add(last.take()?, many - 1);
                }
            }
        }
        Some(tally)
    }
}

impl<'a> FromIterator<&'a Tally> for Tally {
    fn from_iter<I: IntoIterator<Item = &'a Tally>>(parts: I) -> Tally {
        let mut whole = Tally::default();
        for part in parts {
            whole.merge(part);
        }
        whole
    }
}

impl FromIterator<(Count, i64)> for Tally {
    fn from_iter<I: IntoIterator<Item = (Count, i64)>>(parts: I) -> Tally {
        let mut whole = Tally::default();
        for (count, many) in parts {
            whole.add(count, many);
        }
        whole
    }
}
