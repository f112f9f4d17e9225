//! Rows of who listened to which recording.

use super::driver::{Row, Tx, args};
use super::rows::{CallId, Listening};
use super::views::ListeningRow;
use super::{Error, statements};
use crate::domain::Moment;

statements! {
    SINCE = "SELECT COUNT(*) AS listenings FROM listenings WHERE call_id = $1 AND sound = $2 \
        AND listener = $3 AND door = $4 AND at > $5";
    INSERT_LISTENING = "INSERT INTO listenings (call_id, sound, listener, door, at, look_id, ticket, \
        reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    LISTENINGS = "SELECT sound, listener, door, at, ticket, reason FROM listenings WHERE call_id = $1 \
        ORDER BY at DESC, id DESC LIMIT 100";
}

impl Tx {
    /// Makes the requests of one player wait for each other.
    pub async fn lock_listening(&mut self, of: &Listening) -> Result<(), Error> {
        self.lock(&format!("listening {}", of.call.0)).await
    }

    /// Whether the same one listened to the same after `since`.
    pub async fn listened_since(&mut self, of: &Listening, since: Moment) -> Result<bool, Error> {
        let (sound, door) = (of.sound.word(), of.door.word());
        let row = self
            .row(SINCE, args![&of.call, sound, &of.listener, door, since])
            .await?;
        row.map_or(Ok(false), |row| Ok(row.count("listenings")? > 0))
    }

    pub async fn insert_listening(&mut self, of: &Listening, at: Moment) -> Result<(), Error> {
        let (sound, door) = (of.sound.word(), of.door.word());
        let (ticket, reason) = (of.ticket.clone(), of.reason.clone());
        let values = args![
            &of.call,
            sound,
            &of.listener,
            door,
            at,
            of.look,
            ticket,
            reason
        ];
        self.run(INSERT_LISTENING, values).await?;
        Ok(())
    }

    /// The last hundred, newest first.
    pub async fn listenings(&mut self, call: &CallId) -> Result<Vec<ListeningRow>, Error> {
        let rows = self.rows(LISTENINGS, args![call]).await?;
        let read = |row: &Row| {
            Ok(ListeningRow {
                at: row.moment("at")?,
                listener: row.get("listener")?,
                door: row.word("door")?,
                sound: row.word("sound")?,
                ticket: row.get("ticket")?,
                reason: row.get("reason")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
