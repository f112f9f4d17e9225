//! What is told to the public of issued bulletins (第二十条).

use super::composing::whole;
use super::issuing::read;
use crate::domain::Moment;
use crate::engine::{Engine, Error};
use crate::figures::{Period, Published, adjustments_of_the_whole, publish};
use crate::tallies::Split;

impl Engine {
    /// A month's issued bulletin as the public sees it (第二十条); `None` while there is none. Anybody may ask,
    /// so it costs the sums of the month and no more, as they were last counted.
    pub async fn published(&self, month: Period, now: Moment) -> Result<Option<Published>, Error> {
        if !month.is_month() {
            return Ok(None);
        }
        let mut tx = self.read().await?;
        let Some(row) = tx.issued_bulletin(month).await? else {
            return Ok(None);
        };
        let issued = read(&row)?;
        let sums = tx.sums(&whole(month, now)?, Split::Whole).await?;
        let overall = sums.into_values().next().unwrap_or_default();
        let corrections = adjustments_of_the_whole(&issued, &overall);
        Ok(Some(publish(&issued, &corrections)))
    }

    /// Months with an issued bulletin.
    pub async fn published_months(&self) -> Result<Vec<Period>, Error> {
        let issued = self.read().await?.issued_periods().await?;
        Ok(issued
            .into_iter()
            .filter(|period| period.is_month())
            .collect())
    }
}
