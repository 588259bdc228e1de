//! The emulator's own certificate authority, which lives as long as the process.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};

/// What servers show, and what clients must trust to believe it. All in PEM.
#[derive(Debug)]
pub(super) struct Certificates {
    /// The authority's own certificate.
    pub(super) authority: String,
    /// The servers' certificate.
    pub(super) certificate: String,
    /// Its private key.
    pub(super) key: String,
}

/// Makes an authority and one certificate for this machine's own names and for
/// `addresses`. The authority's key is gone when this returns: nobody can make
/// further certificates that a client of this emulator would trust.
pub(super) fn issue(addresses: &[SocketAddr]) -> Result<Certificates, rcgen::Error> {
    let authority = CertifiedIssuer::self_signed(authority(), KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = server(addresses)?.signed_by(&key, &authority)?;
    Ok(Certificates {
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

fn server(addresses: &[SocketAddr]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "yc-emulator");
    let own = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let listened = addresses.iter().map(SocketAddr::ip);
    let all: BTreeSet<IpAddr> = listened.chain(own).collect();
    params
        .subject_alt_names
        .extend(all.into_iter().map(SanType::IpAddress));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Strict clients (OpenSSL's X509_V_FLAG_X509_STRICT, Python's default) want it.
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}
