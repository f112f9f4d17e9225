//! The beat of the regulation: each minute what fell due is done.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::now;
use crate::domain::Moment;
use crate::engine::Engine;

const BEAT: Duration = Duration::from_secs(60);
/// A civil clock that runs ahead of the machine's own by more than this was set wrong, and nothing is done by
/// it: one wrong answer of a time server must not pass every term there is.
const MOST_AHEAD_MS: i64 = 24 * 3_600_000;

/// Ticks at once and then each minute, until it is told to end. A tick that fails is tried again at the next.
pub(super) async fn tick_until(engine: Engine, closing: CancellationToken) {
    let start = Start {
        civil: now(),
        machine: machine_now(),
    };
    let mut by_todays_calendar = false;
    loop {
        let civil = now();
        match start.ahead_ms(civil, machine_now()) {
            ahead if ahead > MOST_AHEAD_MS => tracing::error!(
                hours = ahead / 3_600_000,
                "the clock jumped ahead; no term is passed by it. Set it right, or restart to confirm it"
            ),
            _ => {
                // Once: of two servers with two calendars the one that started last counts.
                by_todays_calendar = by_todays_calendar || count_by_calendar(&engine).await;
                beat(&engine, civil).await;
            }
        }
        tokio::select! {
            () = closing.cancelled() => return,
            () = tokio::time::sleep(BEAT) => {}
        }
    }
}

/// Whether closed tickets are noted whose working days another calendar had counted.
async fn count_by_calendar(engine: &Engine) -> bool {
    match engine.count_by_calendar().await {
        Ok(noted) => {
            if noted > 0 {
                tracing::warn!(noted, "closed tickets are counted anew by the new calendar");
            }
            true
        }
        Err(error) => {
            tracing::error!(%error, "closed tickets are not counted by the calendar yet; trying again");
            false
        }
    }
}

async fn beat(engine: &Engine, civil: Moment) {
    if let Err(error) = engine.start_bulletin_terms(civil).await {
        tracing::error!(%error, "the terms of bulletins are not started yet; trying again");
    }
    match engine.tick(civil).await {
        Ok(ticked) if ticked.looked + ticked.failed > 0 => tracing::info!(
            looked = ticked.looked,
            reminded = ticked.reminded,
            failed = ticked.failed,
            "what fell due was done"
        ),
        Ok(_) => {}
        Err(error) => tracing::error!(%error, "what fell due is not done yet; trying again"),
    }
    if let Err(error) = engine.count_anew().await {
        tracing::error!(%error, "what changed is not counted yet; trying again");
    }
}

/// Both clocks as they were at the start.
struct Start {
    civil: Moment,
    machine: Instant,
}

impl Start {
    /// How far the civil clock has run ahead of the machine's.
    fn ahead_ms(&self, civil: Moment, machine: Instant) -> i64 {
        let passed = machine.duration_since(self.machine).as_millis();
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        civil.millis() - self.civil.millis() - passed
    }
}

#[allow(clippy::disallowed_methods)] // a shell: it compares its two clocks
fn machine_now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_is_told_from_time_that_passed() {
        let machine = machine_now();
        let start = Start {
            civil: Moment::from_millis(1_000),
            machine,
        };
        let later = machine + Duration::from_secs(3 * 86_400);
        let civil = Moment::from_millis(1_000 + 3 * 86_400_000);
        assert_eq!(
            start.ahead_ms(civil, later),
            0,
            "three days passed for both"
        );
        assert!(
            start.ahead_ms(civil, machine) > MOST_AHEAD_MS,
            "for one of them only"
        );
        assert!(
            start.ahead_ms(Moment::from_millis(0), machine) < 0,
            "set back"
        );
    }
}
