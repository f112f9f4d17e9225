//! The mark of a database that holds an example centre, and what else a database holds.

use crate::domain::Moment;
use crate::store::{Error, Row, Tx, args, statements};

statements! {
    EXAMPLE = "SELECT seed, begun_at, finished_at FROM example_centre";
    BEGIN_EXAMPLE = "INSERT INTO example_centre (id, seed, begun_at) VALUES (1, $1, $2)";
    FINISH_EXAMPLE = "UPDATE example_centre SET finished_at = $1";
    HELD = "SELECT \
        (SELECT COUNT(*) FROM calls) AS calls, \
        (SELECT COUNT(*) FROM ratings) AS ratings, \
        (SELECT COUNT(*) FROM tickets) AS tickets, \
        (SELECT COUNT(*) FROM matters) AS matters, \
        (SELECT COUNT(*) FROM people WHERE name <> 'admin') AS people, \
        (SELECT COUNT(*) FROM units WHERE kind NOT IN ('centre', 'general_office')) AS units, \
        (SELECT COUNT(*) FROM tokens) AS tokens, \
        (SELECT COUNT(*) FROM trail) AS trail";
}

/// The mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleRow {
    pub seed: u64,
    /// The first moment that is played.
    pub begun_at: Moment,
    /// The last one; `None` while it is made, and where that was cut short.
    pub finished_at: Option<Moment>,
}

/// How many things of a kind a database holds, in people's words; only of what there is.
pub type Held = Vec<(&'static str, u64)>;

impl Tx {
    pub async fn example(&mut self) -> Result<Option<ExampleRow>, Error> {
        let row = self.row(EXAMPLE, args![]).await?;
        row.as_ref().map(example_row).transpose()
    }

    /// A second one is refused by the table.
    pub async fn begin_example(&mut self, seed: u64, begun_at: Moment) -> Result<(), Error> {
        let seed = seed.to_string();
        self.run(BEGIN_EXAMPLE, args![&seed, begun_at]).await?;
        Ok(())
    }

    pub async fn finish_example(&mut self, finished_at: Moment) -> Result<(), Error> {
        self.run(FINISH_EXAMPLE, args![finished_at]).await?;
        Ok(())
    }

    /// What the database holds beside what every new one does: the two organs and the administrator of the
    /// first start.
    pub async fn held(&mut self) -> Result<Held, Error> {
        const KINDS: [(&str, &str); 8] = [
            ("calls", "calls"),
            ("ratings", "ratings"),
            ("tickets", "tickets"),
            ("matters", "matters"),
            ("people", "people"),
            ("units", "units"),
            ("tokens", "tokens"),
            ("trail", "lines of the trail"),
        ];
        let Some(row) = self.row(HELD, args![]).await? else {
            return Ok(Held::new());
        };
        let mut held = Held::new();
        for (column, told) in KINDS {
            let many = row.count(column)?;
            if many > 0 {
                held.push((told, many));
            }
        }
        Ok(held)
    }
}

fn example_row(row: &Row) -> Result<ExampleRow, Error> {
    Ok(ExampleRow {
        seed: row.word("seed")?,
        begun_at: row.moment("begun_at")?,
        finished_at: row.maybe_moment("finished_at")?,
    })
}
