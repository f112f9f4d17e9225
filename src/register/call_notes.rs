//! Rows of what desks note of their calls afterwards (话后小结): only ever added.

use super::people::number;
use crate::domain::{Moment, PersonId};
use crate::store::rows::CallId;
use crate::store::{Error, Row, Tx, args, statements};

statements! {
    INSERT_NOTE = "INSERT INTO call_notes (call_id, seq, at, author, person_id, desk, staff, note, \
        matter, matter_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    NOTES = "SELECT at, author, desk, staff, note, matter, matter_name FROM call_notes \
        WHERE call_id = $1 ORDER BY seq";
    ITEM = "SELECT item_name FROM matters WHERE item = $1 ORDER BY item_name LIMIT 1";
    // Each known code is looked up, not each matter: there are many of one item.
    ITEMS = "WITH RECURSIVE known(item) AS (SELECT MIN(item) FROM matters UNION ALL \
        SELECT (SELECT MIN(m.item) FROM matters m WHERE m.item > k.item) FROM known k WHERE k.item IS NOT NULL), \
        named AS (SELECT k.item, (SELECT MIN(n.item_name) FROM matters n WHERE n.item = k.item) AS item_name \
        FROM known k WHERE k.item IS NOT NULL) SELECT item, item_name FROM named \
        WHERE lower(item) LIKE $1 ESCAPE '!' OR lower(item_name) LIKE $1 ESCAPE '!' ORDER BY item LIMIT $2";
}

/// What a desk noted of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallNoteRow {
    pub at: Moment,
    /// The login's name.
    pub author: String,
    pub desk: String,
    /// The staff number (工号).
    pub staff: Option<String>,
    pub note: String,
    /// Code and name.
    pub matter: Option<(String, String)>,
}

/// An item (事项) of the registered matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    pub code: String,
    pub name: String,
}

impl Tx {
    /// Makes the notes of one call wait for each other.
    pub async fn lock_call_notes(&mut self, call: &CallId) -> Result<(), Error> {
        self.lock(&format!("call notes {}", call.0)).await
    }

    /// `seq` counts within the call, from 1.
    pub async fn insert_call_note(
        &mut self,
        call: &CallId,
        seq: i64,
        person: &PersonId,
        row: &CallNoteRow,
    ) -> Result<(), Error> {
        let (matter, name) = row.matter.clone().unzip();
        let values = args![
            call,
            seq,
            row.at,
            &row.author,
            number(person),
            &row.desk,
            row.staff.clone(),
            &row.note,
            matter,
            name
        ];
        self.run(INSERT_NOTE, values).await?;
        Ok(())
    }

    /// All of a call, the oldest first.
    pub async fn call_notes(&mut self, call: &CallId) -> Result<Vec<CallNoteRow>, Error> {
        let rows = self.rows(NOTES, args![call]).await?;
        rows.iter().map(note_row).collect()
    }

    /// The name of an item of the registered matters; `None` where there is no such code.
    pub async fn item_name(&mut self, code: &str) -> Result<Option<String>, Error> {
        let row = self.row(ITEM, args![code]).await?;
        row.map(|row| row.get("item_name")).transpose()
    }

    /// By code: those in whose code or name this stands.
    pub async fn items(&mut self, part: &str, limit: i64) -> Result<Vec<ItemRow>, Error> {
        let rows = self.rows(ITEMS, args![within(part), limit]).await?;
        let item = |row: &Row| {
            Ok(ItemRow {
                code: row.get("item")?,
                name: row.get("item_name")?,
            })
        };
        rows.iter().map(item).collect()
    }
}

/// A pattern of LIKE for what is in small letters: whatever has this in it, letter by letter.
fn within(part: &str) -> String {
    let mut pattern = String::from("%");
    for letter in part.to_ascii_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern + "%"
}

fn note_row(row: &Row) -> Result<CallNoteRow, Error> {
    let code: Option<String> = row.get("matter")?;
    let name: Option<String> = row.get("matter_name")?;
    Ok(CallNoteRow {
        at: row.moment("at")?,
        author: row.get("author")?,
        desk: row.get("desk")?,
        staff: row.get("staff")?,
        note: row.get("note")?,
        matter: code.zip(name),
    })
}
