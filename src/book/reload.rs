//! The operator's files, looked at while calls run.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Book, Checked, Files};
use crate::ivr::Severity;

/// How often the operator's files are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// A changed plan is checked first; a worse one is refused and the old one stays. Running calls finish
/// on the version they began with. Reading files and walking every path of a plan takes its time: no
/// call waits for it.
pub async fn keep(files: Files, book: watch::Sender<Arc<Book>>) {
    let mut looks = tokio::time::interval(EVERY);
    let mut seen = book.borrow().seen.clone();
    loop {
        looks.tick().await;
        let (files, before) = (files.clone(), seen.clone());
        let look = move || {
            let now = files.fingerprint();
            let read = (now != before).then(|| Book::read(&files));
            (now, read)
        };
        match tokio::task::spawn_blocking(look).await {
            Ok((now, read)) => {
                seen = now;
                if let Some(read) = read {
                    take(read, &book);
                }
            }
            Err(panic) => tracing::error!(%panic, "a bug: the operator's files could not be read"),
        }
    }
}

fn take(read: anyhow::Result<Checked>, book: &watch::Sender<Arc<Book>>) {
    let taken = match read {
        Ok(Checked {
            book: Some(new),
            findings,
        }) => {
            for warning in findings {
                tracing::warn!("{warning}");
            }
            for plan in new.plans() {
                tracing::info!(
                    plan = plan.name,
                    digest = plan.digest(),
                    "dialplan in force"
                );
            }
            book.send_replace(Arc::new(new));
            true
        }
        Ok(Checked {
            book: None,
            findings,
        }) => {
            let errors = findings
                .iter()
                .filter(|found| found.severity == Severity::Error);
            for finding in errors {
                tracing::error!("{finding}");
            }
            tracing::error!("the changed files are refused; the earlier ones stay in force");
            false
        }
        Err(error) => {
            tracing::error!("{error:#}; the earlier files stay in force");
            false
        }
    };
    let result = if taken { "taken" } else { "refused" };
    metrics::counter!("gradeline_reloads_total", "result" => result).increment(1);
}
