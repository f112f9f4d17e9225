//! The server's log: lines to stderr, written by a thread of their own.
//!
//! A write to a pipe that nobody empties, or to a disk that stands, lasts as long as it pleases; on the
//! runtime's threads it would stop every call. So lines wait in a bounded queue. What finds no place there
//! is lost, counted, and told once lines are taken again.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::time::Duration;

use anyhow::Context as _;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};

/// Lines that may wait, some 200 octets each.
const WAITING_LINES: usize = 16_384;
/// How often it is looked whether lines were lost.
const LOOKED_EVERY: Duration = Duration::from_secs(5);

/// Dropped, it waits a second at most for what is still to be written.
pub struct Log {
    _writing: WorkerGuard,
    lost: ErrorCounter,
}

/// Logs to stderr, line by line as it comes; `GRADELINE_LOG` chooses (`info`, `gradeline=debug`).
pub fn log_to_stderr(default: &str) {
    log_to(std::io::stderr, default);
}

fn log_to<W>(writer: W, default: &str)
where
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = tracing_subscriber::EnvFilter::try_from_env("GRADELINE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    // The SIP stack tells whole messages, and with them keys of SRTP.
    let no_messages = "rsipstack=warn".parse().expect("a directive");
    // A second subscriber (in tests) is no fault.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter.add_directive(no_messages))
        .with_writer(writer)
        .with_target(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .try_init();
}

/// Begins to log, panics too; `GRADELINE_LOG` chooses (`info`, `gradeline=debug`), else `default`.
pub fn begin(default: &str) -> anyhow::Result<Log> {
    // A descriptor of its own: whoever prints by `std::io::stderr` would wait for its lock.
    let stderr = std::io::stderr()
        .as_fd()
        .try_clone_to_owned()
        .context("stderr cannot be written; the log goes there")?;
    let (lines, writing) = NonBlockingBuilder::default()
        .buffered_lines_limit(WAITING_LINES)
        .thread_name("log")
        .finish(File::from(stderr));
    let lost = lines.error_counter();
    log_to(lines, default);
    // The hook that is there prints by itself, and would wait for whoever empties the pipe.
    std::panic::set_hook(Box::new(|panic| {
        let trace = std::backtrace::Backtrace::capture();
        tracing::error!("{panic}\n{trace}");
    }));
    Ok(Log {
        _writing: writing,
        lost,
    })
}

impl Log {
    /// Tells what was lost, for as long as it is polled.
    pub fn tell_lost(&self) -> impl Future<Output = ()> + use<> {
        let lost = self.lost.clone();
        async move {
            let lines = metrics::counter!("gradeline_log_lines_lost_total");
            let mut told = 0;
            loop {
                let now = lost.dropped_lines();
                lines.absolute(now as u64);
                if now > told {
                    // All since the start: a line that tells of it may be lost itself.
                    tracing::warn!(
                        lines = now,
                        "log lines were lost; who reads stderr (journald, a pipe) was too slow"
                    );
                    told = now;
                }
                tokio::time::sleep(LOOKED_EVERY).await;
            }
        }
    }
}
