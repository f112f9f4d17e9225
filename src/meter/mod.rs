//! Figures for Prometheus: counted anywhere by `metrics`, gathered and named here.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// A packet is due every 20 ms: from a late timer to a stalled machine.
const LATENESS_S: [f64; 8] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5];

/// Where the process's counters gather, and how they are read.
#[derive(Clone)]
pub struct Meter {
    handle: PrometheusHandle,
}

impl Meter {
    /// For the whole process, once, before anything counts; must be called within a tokio runtime.
    ///
    /// # Errors
    /// Where another one gathers already.
    pub fn install() -> Result<Self, BuildError> {
        let lateness = Matcher::Full("gradeline_media_tick_lateness_seconds".to_owned());
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(lateness, &LATENESS_S)?
            .install_recorder()?;
        describe();
        // What nobody reads would be gathered in memory, a number a tick.
        tokio::spawn(upkeep(handle.clone()));
        Ok(Meter { handle })
    }

    /// Beside the process's own: counts nothing by itself (for tests).
    pub fn detached() -> Self {
        Meter {
            handle: PrometheusBuilder::new().build_recorder().handle(),
        }
    }

    /// All figures of this moment, in the Prometheus text format.
    pub fn render(&self) -> String {
        self.handle.render()
    }
}

/// Until the process ends.
async fn upkeep(handle: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        handle.run_upkeep();
    }
}

/// Counters, and what each of them counts.
const COUNTERS: [(&str, &str); 32] = [
    (
        "gradeline_desks_nat_asked_total",
        "OPTIONS to telephones behind NAT",
    ),
    (
        "gradeline_trunk_registers_total",
        "REGISTERs sent to the trunk, by what came of them",
    ),
    (
        "gradeline_queue_ended_total",
        "Callers who wanted a desk, by how that ended",
    ),
    ("gradeline_calls_total", "Calls that are over, by outcome"),
    (
        "gradeline_calls_refused_total",
        "Calls that were not answered, by reason",
    ),
    (
        "gradeline_calls_out_without_line_total",
        "Times that a call out was due and waited for a line",
    ),
    (
        "gradeline_calls_broken_total",
        "Calls that a fault of ours ended",
    ),
    (
        "gradeline_sip_refused_total",
        "SIP requests refused before they became a call, by reason",
    ),
    (
        "gradeline_log_lines_lost_total",
        "Log lines that found no place because nobody took them",
    ),
    (
        "gradeline_ledger_lost_total",
        "Rows of calls that could not be written",
    ),
    (
        "gradeline_database_outages_total",
        "Times that the database began to take no writes",
    ),
    (
        "gradeline_journal_kept_total",
        "Writes that the journal kept because the database took none",
    ),
    (
        "gradeline_journal_drained_total",
        "Writes brought from the journal into the database",
    ),
    (
        "gradeline_journal_faults_total",
        "Writes that the journal did not take",
    ),
    (
        "gradeline_journal_damaged_octets_total",
        "Octets of the journal that could not be read",
    ),
    (
        "gradeline_recordings_failed_total",
        "Recordings that could not be closed and digested",
    ),
    (
        "gradeline_reloads_total",
        "Dialplans and prompts read again, by result",
    ),
    (
        "gradeline_http_requests_total",
        "Requests to the pages and the API",
    ),
    (
        "gradeline_http_connections_displaced_total",
        "Idle connections that gave way to new ones",
    ),
    (
        "gradeline_http_connections_refused_total",
        "Connections refused as all were busy",
    ),
    (
        "gradeline_logins_refused_total",
        "Wrong name, wrong password or locked",
    ),
    (
        "gradeline_media_recording_gap_ms_total",
        "Milliseconds of recordings that were lost",
    ),
    (
        "gradeline_media_recording_faults_total",
        "Blocks of recordings the disk refused",
    ),
    (
        "gradeline_tls_reloads_total",
        "Changed TLS certificates, taken or refused",
    ),
    (
        "gradeline_media_concealed_samples_total",
        "Samples made up where packets were missing",
    ),
    (
        "gradeline_media_foreign_packets_total",
        "RTP from addresses that were not negotiated",
    ),
    (
        "gradeline_media_unauthentic_packets_total",
        "SRTP packets whose tag did not fit; nothing was changed by them",
    ),
    (
        "gradeline_media_repeated_packets_total",
        "Authentic SRTP packets that came before; nothing was changed by them",
    ),
    (
        "gradeline_media_learnt_addresses_total",
        "Legs whose address was learnt from their first packets ([media] learn_address)",
    ),
    (
        "gradeline_one_way_audio_total",
        "Times that a side of a talk was not heard, or heard nothing, for four seconds",
    ),
    (
        "gradeline_media_rtp_timeouts_total",
        "Legs that went silent for good",
    ),
    (
        "gradeline_media_skipped_beats_total",
        "Packet times at which a media thread was too late",
    ),
];

/// What the figures mean, for those who read `/metrics`; ARCHITECTURE says which to watch.
fn describe() {
    for (name, what) in COUNTERS {
        metrics::describe_counter!(name, what);
    }
    metrics::describe_gauge!(
        "gradeline_tls_certificate_not_after_seconds",
        "End of the TLS certificate that is shown, in seconds since 1970"
    );
    metrics::describe_gauge!(
        "gradeline_trunk_registered",
        "Whether we are registered at the trunk"
    );
    metrics::describe_gauge!(
        "gradeline_trunk_up",
        "Whether an address of the trunk is taken to answer"
    );
    metrics::describe_gauge!("gradeline_calls_active", "Calls that have a line");
    metrics::describe_gauge!(
        "gradeline_calls_closing",
        "Calls without a line of which not everything is stored"
    );
    metrics::describe_gauge!("gradeline_media_calls", "Calls that have sound");
    metrics::describe_gauge!("gradeline_database_up", "Whether the database takes writes");
    metrics::describe_gauge!(
        "gradeline_journal_entries",
        "Writes in the journal that are not in the database yet"
    );
    metrics::describe_histogram!(
        "gradeline_media_tick_lateness_seconds",
        "How late the media threads' clock ticked"
    );
    metrics::describe_histogram!(
        "gradeline_queue_wait_seconds",
        "How long callers waited for what they got, by how it ended"
    );
}
