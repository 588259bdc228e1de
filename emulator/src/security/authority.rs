//! The emulator's own certificate authority, which lives as long as the process,
//! or as its state.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use serde::{Deserialize, Serialize};

use super::SecurityError;
use crate::store::Store;

/// What servers show, and what clients must trust to believe it. All in PEM.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Certificates {
    /// What the servers' certificate is for.
    addresses: BTreeSet<IpAddr>,
    /// The authority's own certificate.
    pub(super) authority: String,
    /// The servers' certificate.
    pub(super) certificate: String,
    /// Its private key.
    pub(super) key: String,
}

/// Where they are kept.
const CERTIFICATES: &str = "certificates";

/// Those of the store, so that clients needn't trust anew, unless they don't
/// cover `addresses`; otherwise new ones, which the store gets.
pub(super) fn kept_or_issued(
    addresses: &[SocketAddr],
    store: &Store,
) -> Result<Certificates, SecurityError> {
    let kept: Option<Certificates> = store.kept(CERTIFICATES)?;
    match kept {
        Some(kept) if own(addresses).is_subset(&kept.addresses) => Ok(kept),
        Some(_) | None => {
            let new = issue(addresses)?;
            store.keep(CERTIFICATES, &new);
            Ok(new)
        }
    }
}

/// Makes an authority and one certificate for this machine's own names and for
/// `addresses`. The authority's key is gone when this returns: nobody can make
/// further certificates that a client of this emulator would trust.
fn issue(addresses: &[SocketAddr]) -> Result<Certificates, rcgen::Error> {
    let authority = CertifiedIssuer::self_signed(authority(), KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let addresses = own(addresses);
    let certificate = server(&addresses)?.signed_by(&key, &authority)?;
    Ok(Certificates {
        addresses,
        authority: authority.pem(),
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "yc-emulator's certificate authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// What is listened on, and this machine's own addresses.
fn own(addresses: &[SocketAddr]) -> BTreeSet<IpAddr> {
    let own = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    addresses.iter().map(SocketAddr::ip).chain(own).collect()
}

fn server(addresses: &BTreeSet<IpAddr>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "yc-emulator");
    let addresses = addresses.iter().copied();
    params
        .subject_alt_names
        .extend(addresses.map(SanType::IpAddress));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict clients (OpenSSL's X509_V_FLAG_X509_STRICT, Python's default) want it.
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}
