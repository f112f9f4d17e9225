//! What a desk notes of its call afterwards (话后小结): a few words and the matter it was about. It changes no grade and
//! nothing that was said; who wrote it, and when, is in the trail (第十七条).

use super::people::Person;
use super::refused;
use crate::domain::{Actor, Article, Entry, Moment, Subject, What};
use crate::engine::{CallId, Engine, Error};
use crate::register::{CallNoteRow, ItemRow};
use crate::store::Tx;

/// Longest note, in characters.
pub const NOTE_CHARS: usize = 500;
/// Longest code of a matter, in octets.
const CODE_OCTETS: usize = 128;
/// Longest part that is looked for, in characters.
const PART_CHARS: usize = 50;
/// So often the notes of one call may be written.
const NOTES_OF_A_CALL: usize = 50;
/// Matters that are found at once.
const FOUND: i64 = 20;

/// What a person wants to be noted of a call that his desk had. That it was his is his caller's to know.
#[derive(Debug, Clone)]
pub struct CallNote<'a> {
    pub call: &'a CallId,
    pub desk: &'a str,
    pub staff: Option<&'a str>,
    pub note: &'a str,
    /// The code of an item of the registered matters.
    pub matter: Option<&'a str>,
}

impl Engine {
    /// Returns when note and trail are committed. Of one desk the last note counts; those before stay.
    ///
    /// # Errors
    /// Where there is no such call or matter, the note is empty or too long, or the call has too many.
    pub async fn note_call(
        &self,
        wish: &CallNote<'_>,
        by: &Person,
        now: Moment,
    ) -> Result<(), Error> {
        let note = fitting(wish)?;
        let mut tx = self.write().await?;
        let Some((row, _)) = tx.call(wish.call).await? else {
            return Err(Error::NoSuchCall(wish.call.0.clone()));
        };
        let matter = tx.item_of(wish.matter).await?;
        tx.lock_call_notes(wish.call).await?;
        let before = tx.call_notes(wish.call).await?.len();
        if before >= NOTES_OF_A_CALL {
            return Err(refused("the notes of this call were written too often"));
        }
        let about = matter
            .as_ref()
            .map_or(String::new(), |(code, _)| format!("，事项{code}"));
        let detail = format!(
            "{}（坐席{}）写通话{}的话后小结{}字{about}",
            by.name,
            wish.desk,
            wish.call.0,
            note.chars().count()
        );
        let new = CallNoteRow {
            at: now,
            author: by.name.clone(),
            desk: wish.desk.to_owned(),
            staff: wish.staff.map(str::to_owned),
            note: note.to_owned(),
            matter,
        };
        let seq = i64::try_from(before + 1).unwrap_or(i64::MAX);
        tx.insert_call_note(wish.call, seq, &by.id, &new).await?;
        tx.note(&Entry {
            at: now,
            actor: Actor::System,
            person: Some(by.id.clone()),
            what: What::Act("call_noted"),
            about: Subject::Person(by.id.clone()),
            article: Article::of(17),
            detail,
            record: None,
            rehearsal: row.rehearsal,
        })
        .await?;
        Ok(tx.commit().await?)
    }

    /// What counts of a call's notes: the last of each desk, in the order of writing.
    pub async fn call_notes(&self, call: &CallId) -> Result<Vec<CallNoteRow>, Error> {
        let mut tx = self.read().await?;
        let all = tx.call_notes(call).await?;
        let mut last: Vec<CallNoteRow> = Vec::new();
        for row in all {
            last.retain(|before| before.desk != row.desk);
            last.push(row);
        }
        Ok(last)
    }

    /// Matters in whose code or name this stands, a few of them, by code.
    pub async fn find_items(&self, part: &str) -> Result<Vec<ItemRow>, Error> {
        let part = part.trim();
        if part.is_empty() || part.contains('\0') || part.chars().count() > PART_CHARS {
            return Ok(Vec::new());
        }
        let mut tx = self.read().await?;
        Ok(tx.items(part, FOUND).await?)
    }
}

/// The note as it is kept.
fn fitting<'a>(wish: &CallNote<'a>) -> Result<&'a str, Error> {
    let note = wish.note.trim();
    if note.chars().count() > NOTE_CHARS {
        return Err(refused(format!(
            "a note has at most {NOTE_CHARS} characters"
        )));
    }
    // What could not be shown or stored is no text.
    let is_text = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
    if !note.chars().all(is_text) {
        return Err(refused("a note is text, without control characters"));
    }
    if note.is_empty() && wish.matter.is_none() {
        return Err(refused("a note or a matter is needed"));
    }
    Ok(note)
}

impl Tx {
    /// Code and name of the item that was named.
    async fn item_of(&mut self, code: Option<&str>) -> Result<Option<(String, String)>, Error> {
        let Some(code) = code else { return Ok(None) };
        let fits = code.len() <= CODE_OCTETS && !code.contains('\0');
        let name = match fits {
            true => self.item_name(code).await?,
            false => None,
        };
        let name = name.ok_or_else(|| refused("there is no such matter"))?;
        Ok(Some((code.to_owned(), name)))
    }
}
