//! Keys and certificates of one run's control plane.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer};
use rcgen::{KeyPair, KeyUsagePurpose, SanType};

/// Keys could not be made or saved.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Making them failed.
    #[error("cannot make a certificate: {0}")]
    Generate(#[from] rcgen::Error),
    /// Saving them failed.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The files that kube-apiserver and its clients need.
#[derive(Debug, Clone)]
pub(crate) struct Certificates {
    /// What clients trust.
    pub(crate) authority: String,
    pub(crate) authority_file: PathBuf,
    pub(crate) serving_certificate: PathBuf,
    pub(crate) serving_key: PathBuf,
    /// Signs `ServiceAccount` tokens.
    pub(crate) service_account_key: PathBuf,
    /// Verifies them.
    pub(crate) service_account_public_key: PathBuf,
}

impl Certificates {
    /// Makes a new authority, a certificate for loopback and a token key.
    pub(crate) fn generate(folder: &Path) -> Result<Self, CertificateError> {
        let authority_key = KeyPair::generate()?;
        let authority = authority_parameters()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let serving_key = KeyPair::generate()?;
        let serving = serving_parameters()?.signed_by(&serving_key, &issuer)?;
        let service_account = KeyPair::generate()?;

        let save = |name: &str, contents: &str| {
            let path = folder.join(name);
            match std::fs::write(&path, contents) {
                Ok(()) => Ok(path),
                Err(source) => Err(CertificateError::Write { path, source }),
            }
        };
        Ok(Self {
            authority_file: save("authority.crt", &authority_pem)?,
            serving_certificate: save("serving.crt", &serving.pem())?,
            serving_key: save("serving.key", &serving_key.serialize_pem())?,
            service_account_key: save("service-account.key", &service_account.serialize_pem())?,
            service_account_public_key: save(
                "service-account.pub",
                &service_account.public_key_pem(),
            )?,
            authority: authority_pem,
        })
    }
}

fn authority_parameters() -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters
        .distinguished_name
        .push(DnType::CommonName, "wschat tests");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

fn serving_parameters() -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(vec![
        "localhost".to_owned(),
        "kubernetes.default.svc".to_owned(),
    ])?;
    parameters
        .distinguished_name
        .push(DnType::CommonName, "kube-apiserver");
    parameters
        .subject_alt_names
        .push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(parameters)
}
