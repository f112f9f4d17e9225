//! Certificates as a centre would have them: an issuer of the tests' own, and what it made out to the house.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};

use crate::server::House;

/// Writes `tls.crt`, `tls.key` and their issuer `ca.crt` into the house; what was there is replaced.
pub fn issue(house: &House) {
    issue_until(house, 2099);
}

/// The same, with the year in which its time is over.
pub fn issue_until(house: &House, year: i32) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = format!("issuer {:x}", rand::random::<u32>());
    authority.distinguished_name.push(DnType::CommonName, name);
    let root = authority.self_signed(&key).unwrap();
    let issuer = Issuer::new(authority, key);
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    params.not_after = date_time_ymd(year, 1, 1);
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    std::fs::write(house.path("ca.crt"), root.pem()).unwrap();
    std::fs::write(house.path("tls.crt"), leaf.pem()).unwrap();
    std::fs::write(house.path("tls.key"), key.serialize_pem()).unwrap();
}

pub fn issuer(house: &House) -> PathBuf {
    house.path("ca.crt")
}

/// A peer that trusts the issuer now in the house, and speaks these versions.
pub fn client(house: &House, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(issuer(house)).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// A peer that is called, and shows what the house's issuer made out to this machine.
pub fn server(house: &House) -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(house.path("tls.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(house.path("tls.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config)
}
