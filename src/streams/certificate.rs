//! The certificate that TLS shows, with its key, as an operator keeps them: two PEM files.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, pki_types};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// From then on its end is warned of.
const SOON: Duration = Duration::from_secs(21 * 86_400);

/// Where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PemFiles {
    /// The certificate, then those of its issuers.
    pub certificate: PathBuf,
    /// PKCS #8, PKCS #1 or SEC 1, without a passphrase.
    pub key: PathBuf,
}

/// A certificate with the key that belongs to it.
#[derive(Debug)]
pub struct Certificate {
    /// Names and addresses that it is made out to.
    pub names: Vec<String>,
    pub valid_from: SystemTime,
    pub valid_until: SystemTime,
    pub(super) key: Arc<CertifiedKey>,
}

/// Why the files cannot be used, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("cannot read {}: {source}; name a PEM file that we may read", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is no PEM file: {why}", path.display())]
    Pem { path: PathBuf, why: String },
    #[error(
        "{} holds no certificate; it must hold BEGIN CERTIFICATE, ours first and then its issuers'",
        path.display()
    )]
    NoCertificate { path: PathBuf },
    #[error("a certificate in {} cannot be read: {why}", path.display())]
    Certificate { path: PathBuf, why: String },
    #[error("{} holds no private key; it must hold BEGIN PRIVATE KEY", path.display())]
    NoKey { path: PathBuf },
    #[error(
        "the key in {} has a passphrase; write it without: openssl pkey -in {} -out NEW",
        path.display(),
        path.display()
    )]
    Passphrase { path: PathBuf },
    #[error(
        "the key in {} cannot be used: {why}; take an RSA key of 2048 bits or more, P-256, P-384 or Ed25519",
        path.display()
    )]
    Key { path: PathBuf, why: String },
    #[error(
        "the key in {} is not that of the certificate in {}; put the two that were made together",
        key.display(),
        certificate.display()
    )]
    NotTogether { certificate: PathBuf, key: PathBuf },
}

impl PemFiles {
    /// Reads both and looks that they belong together. Reads files; may wait for a disk.
    ///
    /// # Errors
    /// Where they cannot be used. A certificate whose time is over can: see [`Certificate::doubt`].
    pub fn read(&self) -> Result<Certificate, Unusable> {
        let chain = self.chain(&contents(&self.certificate)?)?;
        let (names, valid_from, valid_until) = self.look_at(&chain)?;
        let key = self.key(&contents(&self.key)?)?;
        let key =
            CertifiedKey::from_der(chain, key, &default_provider()).map_err(
                |error| match error {
                    rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                        Unusable::NotTogether {
                            certificate: self.certificate.clone(),
                            key: self.key.clone(),
                        }
                    }
                    error => Unusable::Key {
                        path: self.key.clone(),
                        why: error.to_string(),
                    },
                },
            )?;
        Ok(Certificate {
            names,
            valid_from,
            valid_until,
            key: Arc::new(key),
        })
    }

    /// What an operator should do about the files, if anything.
    pub fn doubt(&self) -> Option<String> {
        let mode = std::fs::metadata(&self.key).ok()?.permissions().mode();
        (mode & 0o004 != 0).then(|| {
            let path = self.key.display();
            format!("everybody on this machine may read the key in {path}: chmod 600 {path}")
        })
    }

    /// Of what stands in them, to see whether it has changed; `None` where they cannot be read.
    pub(super) fn fingerprint(&self) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        for path in [&self.certificate, &self.key] {
            contents(path).ok()?.hash(&mut hasher);
        }
        Some(hasher.finish())
    }

    fn chain(&self, octets: &[u8]) -> Result<Vec<CertificateDer<'static>>, Unusable> {
        let path = || self.certificate.clone();
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(octets).collect();
        match chain {
            Ok(chain) if chain.is_empty() => Err(Unusable::NoCertificate { path: path() }),
            Ok(chain) => Ok(chain),
            Err(error) => Err(not_pem(path(), &error)),
        }
    }

    fn key(&self, octets: &[u8]) -> Result<PrivateKeyDer<'static>, Unusable> {
        let path = || self.key.clone();
        let text = String::from_utf8_lossy(octets);
        if text.contains("ENCRYPTED") {
            return Err(Unusable::Passphrase { path: path() });
        }
        PrivateKeyDer::from_pem_slice(octets).map_err(|error| match error {
            pki_types::pem::Error::NoItemsFound => Unusable::NoKey { path: path() },
            error => not_pem(path(), &error),
        })
    }

    fn look_at(
        &self,
        chain: &[CertificateDer<'_>],
    ) -> Result<(Vec<String>, SystemTime, SystemTime), Unusable> {
        let (_, first) = X509Certificate::from_der(&chain[0]).map_err(|error| {
            let path = self.certificate.clone();
            let why = error.to_string();
            Unusable::Certificate { path, why }
        })?;
        let alternatives = first.subject_alternative_name().ok().flatten();
        let mut names: Vec<String> = alternatives
            .iter()
            .flat_map(|extension| &extension.value.general_names)
            .filter_map(told)
            .collect();
        if names.is_empty() {
            let common = first.subject().iter_common_name();
            names.extend(common.filter_map(|name| Some(name.as_str().ok()?.to_owned())));
        }
        let validity = first.validity();
        Ok((
            names,
            instant(validity.not_before.timestamp()),
            instant(validity.not_after.timestamp()),
        ))
    }
}

impl Certificate {
    /// Whole days until its end; negative once it is over.
    pub fn days_left(&self, now: SystemTime) -> i64 {
        let days = |span: Duration| i64::try_from(span.as_secs() / 86_400).unwrap_or(i64::MAX);
        match self.valid_until.duration_since(now) {
            Ok(left) => days(left),
            Err(over) => -days(over.duration()) - 1,
        }
    }

    /// What an operator should do about its time, if anything.
    pub fn doubt(&self, now: SystemTime) -> Option<String> {
        let days = self.days_left(now);
        let renew = "put a renewed one in its place, it is taken without a restart";
        if now < self.valid_from {
            return Some("its time has not begun: is this machine's clock right?".into());
        }
        match self.valid_until.duration_since(now) {
            Err(_) => Some(format!(
                "its time is over since {} day(s): whoever looks at it does not call; {renew}",
                -days
            )),
            Ok(left) if left < SOON => Some(format!("its time is over in {days} day(s); {renew}")),
            Ok(_) => None,
        }
    }
}

pub(super) fn contents(path: &Path) -> Result<Vec<u8>, Unusable> {
    std::fs::read(path).map_err(|source| Unusable::Read {
        path: path.to_owned(),
        source,
    })
}

pub(super) fn not_pem(path: PathBuf, error: &pki_types::pem::Error) -> Unusable {
    let why = error.to_string();
    Unusable::Pem { path, why }
}

/// A name as people write it.
fn told(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        GeneralName::IPAddress(octets) => {
            let four = <[u8; 4]>::try_from(*octets).map(std::net::IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*octets).map(Into::into));
            Some(address.ok()?.to_string())
        }
        _ => None,
    }
}

fn instant(seconds: i64) -> SystemTime {
    let span = Duration::from_secs(seconds.unsigned_abs());
    let at = match seconds < 0 {
        true => UNIX_EPOCH.checked_sub(span),
        false => UNIX_EPOCH.checked_add(span),
    };
    at.unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    /// A folder with the files of a certificate of 2026, and what else a test puts there.
    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Folder {
            let folder = Folder(tempfile::tempdir().unwrap());
            let (certificate, key) = made(&["sip.example.cn", "192.0.2.1"]);
            folder.put("tls.crt", &certificate);
            folder.put("tls.key", &key);
            folder
        }

        fn put(&self, name: &str, text: &str) {
            std::fs::write(self.0.path().join(name), text).unwrap();
        }

        fn files(&self) -> PemFiles {
            PemFiles {
                certificate: self.0.path().join("tls.crt"),
                key: self.0.path().join("tls.key"),
            }
        }

        fn refused(&self) -> String {
            self.files().read().unwrap_err().to_string()
        }
    }

    fn made(names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2026, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn a_certificate_tells_its_names_and_its_days() {
        let read = Folder::new().files().read().unwrap();
        assert_eq!(read.names, ["sip.example.cn", "192.0.2.1"]);
        assert_eq!(
            read.valid_until.duration_since(read.valid_from).unwrap(),
            364 * DAY
        );
        let doubt = |now| read.doubt(now);
        assert_eq!(read.days_left(read.valid_from), 364);
        assert_eq!(doubt(read.valid_from), None);
        assert!(doubt(read.valid_from - DAY).unwrap().contains("clock"));
        let soon = read.valid_until - 3 * DAY;
        assert_eq!(read.days_left(soon), 3);
        assert!(doubt(soon).unwrap().contains("in 3 day(s)"));
        let late = read.valid_until + DAY / 2;
        assert_eq!(read.days_left(late), -1);
        assert!(doubt(late).unwrap().contains("since 1 day(s)"));
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_what_would_be_right() {
        let folder = Folder::new();
        folder.put("tls.key", &made(&["other"]).1);
        assert!(folder.refused().contains("were made together"));
        let encrypted =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        folder.put("tls.key", encrypted);
        assert!(folder.refused().contains("openssl pkey -in"));
        folder.put("tls.key", "");
        assert!(folder.refused().contains("holds no private key"));
        folder.put(
            "tls.key",
            "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n",
        );
        assert!(folder.refused().contains("is no PEM file"));
        folder.put(
            "tls.key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        );
        assert!(folder.refused().contains("take an RSA key"));
        folder.put(
            "tls.crt",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        );
        assert!(folder.refused().contains("cannot be read"));
        folder.put("tls.crt", &made(&["a"]).1);
        assert!(folder.refused().contains("holds no certificate"));
        std::fs::remove_file(folder.files().certificate).unwrap();
        assert!(folder.refused().contains("name a PEM file"));
    }

    #[test]
    fn a_key_that_everybody_may_read_is_doubtful_and_a_changed_file_is_noticed() {
        let folder = Folder::new();
        let files = folder.files();
        let mode = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&files.key, permissions).unwrap();
        };
        mode(0o644);
        assert!(files.doubt().unwrap().contains("chmod 600"));
        mode(0o640);
        assert_eq!(files.doubt(), None);
        let before = files.fingerprint();
        assert!(before.is_some() && before == files.fingerprint());
        folder.put("tls.crt", &made(&["b"]).0);
        assert!(files.fingerprint().is_some_and(|now| Some(now) != before));
        std::fs::remove_file(&files.key).unwrap();
        assert_eq!(files.fingerprint(), None);
    }
}
