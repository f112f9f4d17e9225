//! Numbers that are kept against the same numbers counted again (对账).

use std::collections::BTreeMap;

use super::count::Count;
use super::fact::{Cell, Part};
use super::tally::Tally;

/// A number that is kept and comes to another one when it is counted again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `act:…` or `ticket:…`; `None` for a sum, which is of all of them.
    pub thing: Option<String>,
    pub cell: Cell,
    pub count: Count,
    pub kept: i64,
    pub counted: i64,
}

/// What parts come to, by cell.
pub fn summed<'a>(parts: impl IntoIterator<Item = &'a Part>) -> BTreeMap<Cell, Tally> {
    let mut sums: BTreeMap<Cell, Tally> = BTreeMap::new();
    for part in parts {
        sums.entry(part.cell.clone())
            .or_default()
            .merge(&part.tally);
    }
    sums
}

/// Every number that differs, by cell and count.
pub fn differences(
    thing: Option<&str>,
    kept: &BTreeMap<Cell, Tally>,
    counted: &BTreeMap<Cell, Tally>,
) -> Vec<Difference> {
    let mut excess: BTreeMap<&Cell, Tally> = BTreeMap::new();
    for (cell, tally) in counted {
        excess.entry(cell).or_default().merge(tally);
    }
    for (cell, tally) in kept {
        excess.entry(cell).or_default().take_out(tally);
    }
    let many = |of: &BTreeMap<Cell, Tally>, cell: &Cell, count: Count| {
        of.get(cell).map_or(0, |tally| tally.get(count))
    };
    let mut found = Vec::new();
    for (cell, tally) in excess {
        for (count, _) in tally.iter() {
            found.push(Difference {
                thing: thing.map(str::to_owned),
                cell: cell.clone(),
                count,
                kept: many(kept, cell, count),
                counted: many(counted, cell, count),
            });
        }
    }
    found
}
