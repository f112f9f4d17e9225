//! Cursors: opaque outside, the last row of the page within.

use super::{Error, Page};
use crate::domain::Moment;
use crate::lists::Position;

/// Which list a cursor belongs to.
#[derive(Clone, Copy)]
pub(super) enum List {
    Calls,
    Ratings,
    Tickets,
}

impl List {
    fn mark(self) -> char {
        match self {
            List::Calls => 'c',
            List::Ratings => 'r',
            List::Tickets => 't',
        }
    }

    pub(super) fn write(self, position: &Position) -> String {
        hex::encode(format!(
            "{}{}/{}",
            self.mark(),
            position.at.millis(),
            position.id
        ))
    }

    pub(super) fn read(self, cursor: Option<&str>) -> Result<Option<Position>, Error> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        self.parse(cursor)
            .map(Some)
            .ok_or_else(|| Error::BadCursor(cursor.chars().take(80).collect()))
    }

    fn parse(self, cursor: &str) -> Option<Position> {
        let text = String::from_utf8(hex::decode(cursor).ok()?).ok()?;
        let (ms, id) = text.strip_prefix(self.mark())?.split_once('/')?;
        Some(Position {
            at: Moment::from_millis(ms.parse().ok()?),
            id: id.to_owned(),
        })
    }

    /// A page of `limit` rows from rows of which one more was asked for.
    pub(super) fn page<T>(
        self,
        mut items: Vec<T>,
        limit: i64,
        position: impl Fn(&T) -> Position,
    ) -> Page<T> {
        let more = items.len() as i64 > limit;
        items.truncate(limit as usize);
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| self.write(&position(last)));
        Page { items, next }
    }
}

/// 1 to 200 rows a page.
pub(super) fn clamp(limit: u32) -> i64 {
    i64::from(limit.clamp(1, 200))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back_on_its_list_only(ms in any::<i64>(), id in "[ -~]{0,40}") {
            let position = Position { at: Moment::from_millis(ms), id };
            let cursor = List::Calls.write(&position);
            prop_assert_eq!(List::Calls.read(Some(&cursor)).unwrap(), Some(position));
            prop_assert!(List::Tickets.read(Some(&cursor)).is_err());
        }

        #[test]
        fn no_text_from_outside_is_more_than_a_bad_cursor(text in ".{0,60}") {
            let _ = List::Calls.read(Some(&text));
            let _ = List::Calls.read(Some(&hex::encode(&text)));
        }
    }
}
