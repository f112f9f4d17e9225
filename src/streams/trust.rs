//! Whom we believe when we connect: the issuers that an operator names.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::certificate::{Unusable, contents, not_pem};

/// Issuers whose certificates a peer must show. Cheap to clone.
#[derive(Clone)]
pub struct Trust {
    connector: TlsConnector,
    pem: Arc<[u8]>,
}

impl Trust {
    /// Reads a file.
    ///
    /// # Errors
    /// Where no issuer stands in it.
    pub fn read(path: &Path) -> Result<Trust, Unusable> {
        let pem = contents(path)?;
        let mut roots = RootCertStore::empty();
        for issuer in CertificateDer::pem_slice_iter(&pem) {
            let issuer = issuer.map_err(|error| not_pem(path.to_owned(), &error))?;
            roots.add(issuer).map_err(|error| Unusable::Certificate {
                path: path.to_owned(),
                why: error.to_string(),
            })?;
        }
        if roots.is_empty() {
            let path = path.to_owned();
            return Err(Unusable::NoCertificate { path });
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .expect("the provider has suites of both versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Trust {
            connector: TlsConnector::from(Arc::new(config)),
            pem: pem.into(),
        })
    }

    /// As it was read.
    pub fn pem(&self) -> &[u8] {
        &self.pem
    }

    /// The stream behind the handshake, where the peer is who he was called: a name, or an address.
    pub(super) async fn shake_hands(
        &self,
        stream: TcpStream,
        called: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let name = match called.parse::<IpAddr>() {
            Ok(address) => ServerName::IpAddress(address.into()),
            Err(_) => ServerName::try_from(called.to_owned()).map_err(std::io::Error::other)?,
        };
        self.connector.connect(name, stream).await
    }
}
