//! What has to be counted anew, noted in the transaction that changes it.

use super::driver::{Tx, args};
use super::{Error, statements};
use crate::domain::ServiceKey;

statements! {
    // A row each time: writers never wait for each other here, nor for whoever counts.
    NOTE = "INSERT INTO uncounted (thing) VALUES ($1)";
}

impl Tx {
    /// What is on record about the act has changed.
    pub async fn count_act_anew(&mut self, act: &ServiceKey) -> Result<(), Error> {
        self.run(NOTE, args![format!("act:{act}")]).await?;
        Ok(())
    }

    /// The ticket has changed.
    pub async fn count_ticket_anew(&mut self, number: &str) -> Result<(), Error> {
        self.run(NOTE, args![format!("ticket:{number}")]).await?;
        Ok(())
    }
}
