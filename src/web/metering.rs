//! Figures for Prometheus.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::Web;

/// Where the process's counters gather, and how they are read.
#[derive(Clone)]
pub struct Meter {
    handle: PrometheusHandle,
}

impl Meter {
    /// For the whole process, once, before anything counts.
    pub fn install() -> anyhow::Result<Self> {
        Ok(Meter {
            handle: PrometheusBuilder::new().install_recorder()?,
        })
    }

    /// Beside the process's own: counts nothing by itself (for tests).
    pub fn detached() -> Self {
        Meter {
            handle: PrometheusBuilder::new().build_recorder().handle(),
        }
    }
}

/// `/metrics`, the Prometheus text format.
pub(super) async fn metrics(State(web): State<Web>) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        web.options.meter.handle.render(),
    )
}

/// `/healthz`: whether the database answers.
pub(super) async fn health(
    State(web): State<Web>,
) -> Result<&'static str, super::problem::Problem> {
    web.engine.check().await?;
    Ok("ok\n")
}
