//! TLS 1.2 and 1.3 under the framing (RFC 3261 §26.2.1): the handshake, and a certificate that may be renewed.

use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::certificate::{Certificate, PemFiles, Unusable};
use crate::guard;

/// A handshake is given this long, as a whole.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(2);
/// How often an end that comes near is told again.
const REMIND_EVERY: Duration = Duration::from_secs(86_400);

/// Our end of TLS. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    files: PemFiles,
    acceptor: TlsAcceptor,
    shown: Arc<Shown>,
}

/// The certificate that is shown from now on; streams that stand are not touched.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.0.read().unwrap_or_else(|held| held.into_inner());
        Some(Arc::clone(&shown))
    }
}

impl Tls {
    /// With the certificate of these files. Reads files.
    ///
    /// # Errors
    /// Where they cannot be used.
    pub fn open(files: PemFiles) -> Result<Tls, Unusable> {
        let certificate = files.read()?;
        tell(&files, &certificate);
        let shown = Arc::new(Shown(RwLock::new(certificate.key)));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .expect("the provider has suites of both versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        Ok(Tls {
            files,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            shown,
        })
    }

    /// The stream behind the handshake; `None` where there was none in time.
    pub(super) async fn shake_hands(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let shaking = tokio::time::timeout(HANDSHAKE_TIMEOUT, self.acceptor.accept(stream));
        match shaking.await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                guard::count("tls_handshake");
                tracing::debug!(%error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                guard::count("tls_slow");
                None
            }
        }
    }

    /// Takes a renewed certificate while calls run; a worse one is refused and the earlier one stays.
    pub async fn keep(self, stop: CancellationToken) {
        let mut looks = tokio::time::interval(EVERY);
        let mut told_at = tokio::time::Instant::now();
        let (mut in_force, mut coming) = (self.fingerprint().await, None);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = looks.tick() => {}
            }
            let found = self.fingerprint().await;
            let changed = found != in_force;
            if changed && coming != Some(found) {
                // Two files are not written at one moment: what stays for two looks is meant.
                coming = Some(found);
                continue;
            }
            coming = None;
            if changed || told_at.elapsed() >= REMIND_EVERY {
                (in_force, told_at) = (found, tokio::time::Instant::now());
                let files = self.files.clone();
                if let Some(read) = blocking(move || files.read()).await {
                    self.take(read, changed);
                }
            }
        }
    }

    /// Of what stands in the files; `None` where they cannot be read.
    async fn fingerprint(&self) -> Option<u64> {
        let files = self.files.clone();
        blocking(move || files.fingerprint()).await.flatten()
    }

    fn take(&self, read: Result<Certificate, Unusable>, changed: bool) {
        let result = match read {
            Ok(certificate) => {
                tell(&self.files, &certificate);
                let mut shown = self
                    .shown
                    .0
                    .write()
                    .unwrap_or_else(|held| held.into_inner());
                *shown = certificate.key;
                "taken"
            }
            Err(error) => {
                tracing::error!("TLS: {error}; the earlier certificate stays in force");
                "refused"
            }
        };
        if changed {
            metrics::counter!("gradeline_tls_reloads_total", "result" => result).increment(1);
        }
    }
}

/// Says what is shown from now on, and until when.
fn tell(files: &PemFiles, certificate: &Certificate) {
    let now = civil_now();
    let until = certificate
        .valid_until
        .duration_since(SystemTime::UNIX_EPOCH);
    // A gauge of seconds, as other programs export it: whoever watches subtracts the time.
    metrics::gauge!("gradeline_tls_certificate_not_after_seconds")
        .set(until.map_or(0.0, |until| until.as_secs_f64()));
    let path = files.certificate.display();
    tracing::info!(
        certificate = %path,
        names = certificate.names.join(" "),
        days_left = certificate.days_left(now),
        "TLS certificate in force"
    );
    if let Some(doubt) = certificate.doubt(now) {
        tracing::warn!("TLS: the certificate in {path}: {doubt}");
    }
    if let Some(doubt) = files.doubt() {
        tracing::warn!("TLS: {doubt}");
    }
}

/// Files are read beside the tasks; `None` where that was a bug or the end.
async fn blocking<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(look).await.ok()
}

#[allow(clippy::disallowed_methods)] // the shell's clock: a certificate has civil dates
fn civil_now() -> SystemTime {
    SystemTime::now()
}
