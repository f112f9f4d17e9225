//! Whether the database would take a write, asked even while nobody calls: an operator is told within
//! five seconds.

use std::sync::Arc;
use std::time::Duration;

use super::house::House;

const EVERY: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs until it is dropped.
pub(super) async fn run(house: Arc<House>) {
    loop {
        match tokio::time::timeout(PATIENCE, house.engine.check_writing()).await {
            // While the journal holds something, draining tells whether writes really hold: a full
            // volume lets a transaction begin.
            Ok(Ok(())) if house.is_empty() => house.database_works(),
            Ok(Ok(())) => {}
            Ok(Err(error)) => house.database_fails(&error.to_string()),
            Err(_) => house.database_fails("it does not answer within two seconds"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
