//! Certificates and keys: read from PEM, checked, and made into what TLS is spoken with.
//!
//! Everything that can be wrong with them is found here, before a listener or an upstream sees them.

mod own;

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// What may be wrong with certificates and keys.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TlsFault {
    /// The file holds no certificate in PEM.
    #[error("it holds no certificate in PEM form")]
    NoCertificate,
    /// The file holds no private key in PEM.
    #[error("it holds no private key in PEM form")]
    NoKey,
    /// A certificate cannot be read.
    #[error("a certificate in it is malformed, or cut off")]
    Malformed,
    /// The key belongs to another certificate.
    #[error("the key does not belong to the certificate")]
    Mismatch,
    /// TLS cannot use it.
    #[error("{0}")]
    Unusable(String),
    /// The certificate is past its time.
    #[error("it expired on {0}")]
    Expired(String),
    /// The certificate's time has not come.
    #[error("it is not valid before {0}")]
    NotYet(String),
}

/// A chain of certificates, leaf first, and the key of the leaf.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// In DER form, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// In DER form.
    key: Vec<u8>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

impl Identity {
    /// Puts a chain and its key together.
    ///
    /// # Errors
    /// Where TLS cannot use the key, or it does not belong to the first certificate.
    pub fn new(chain: Vec<Vec<u8>>, key: Vec<u8>) -> Result<Self, TlsFault> {
        let identity = Identity { chain, key };
        rustls::sign::CertifiedKey::from_der(identity.certificates(), identity.private_key()?, &provider())
            .map_err(usable)?;
        Ok(identity)
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsFault> {
        PrivateKeyDer::try_from(self.key.clone()).map_err(|error| TlsFault::Unusable(error.to_owned()))
    }

    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.chain.iter().map(|der| CertificateDer::from(der.clone())).collect()
    }
}

/// The cryptography of every TLS connection of ours.
pub fn provider() -> rustls::crypto::CryptoProvider {
    rustls::crypto::ring::default_provider()
}

pub use own::{random, system_certificates};

fn usable(error: rustls::Error) -> TlsFault {
    match error {
        rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch) => TlsFault::Mismatch,
        error => TlsFault::Unusable(error.to_string()),
    }
}

/// The certificates of a PEM file in DER form.
///
/// # Errors
/// Where there are none, or one is malformed.
pub fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, TlsFault> {
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| TlsFault::Malformed)?;
        parsed(&certificate)?;
        found.push(certificate.to_vec());
    }
    if found.is_empty() { Err(TlsFault::NoCertificate) } else { Ok(found) }
}

/// The private key of a PEM file in DER form.
///
/// # Errors
/// Where there is none.
pub fn private_key(pem: &[u8]) -> Result<Vec<u8>, TlsFault> {
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| TlsFault::NoKey)?;
    Ok(key.secret_der().to_vec())
}

fn parsed(der: &[u8]) -> Result<x509_parser::certificate::X509Certificate<'_>, TlsFault> {
    x509_parser::parse_x509_certificate(der).map(|(_, certificate)| certificate).map_err(|_| TlsFault::Malformed)
}

/// When a certificate ends.
///
/// # Errors
/// Where it is over at `now`, or has not begun.
pub fn valid_until(der: &[u8], now: SystemTime) -> Result<SystemTime, TlsFault> {
    let certificate = parsed(der)?;
    let validity = certificate.validity();
    let at = |seconds: i64| match u64::try_from(seconds) {
        Ok(after) => UNIX_EPOCH + Duration::from_secs(after),
        Err(_) => UNIX_EPOCH, // before 1970 is long ago
    };
    let (begin, end) = (at(validity.not_before.timestamp()), at(validity.not_after.timestamp()));
    let day = |time: SystemTime| jiff::Timestamp::try_from(time).map(|time| format!("{time:.0}")).unwrap_or_default();
    if now > end {
        return Err(TlsFault::Expired(day(end)));
    }
    if now < begin {
        return Err(TlsFault::NotYet(day(begin)));
    }
    Ok(end)
}

/// How a data listener speaks TLS.
#[derive(Clone)]
pub struct ServerTls {
    /// For the handshake.
    pub config: Arc<ServerConfig>,
    /// When its certificate ends.
    pub expires: SystemTime,
    digest: u64,
    leaf: Option<CertificateDer<'static>>,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl PartialEq for ServerTls {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl ServerTls {
    /// TLS 1.2 and 1.3 with HTTP/2 and HTTP/1.1 by ALPN. With `callers`, a caller must show a certificate that one of
    /// these authorities has signed.
    ///
    /// # Errors
    /// Where rustls cannot use the identity or the authorities.
    pub fn new(identity: &Identity, expires: SystemTime, callers: Option<&[Vec<u8>]>) -> Result<Self, TlsFault> {
        let provider = Arc::new(provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(usable)?;
        let builder = match callers {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let roots = Arc::new(roots(authorities)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| TlsFault::Unusable(error.to_string()))?)
            }
        };
        let mut config = builder.with_single_cert(identity.certificates(), identity.private_key()?).map_err(usable)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut hasher = DefaultHasher::new();
        (identity, callers).hash(&mut hasher);
        let leaf = identity.certificates().into_iter().next();
        Ok(ServerTls { config: Arc::new(config), expires, digest: hasher.finish(), leaf })
    }

    /// The same for a listener that speaks HTTP/1.1 only.
    pub fn without_http2(self) -> Self {
        let mut config = ServerConfig::clone(&self.config);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        ServerTls { config: Arc::new(config), ..self }
    }
}

/// How an upstream is spoken TLS with. Certificates are always verified.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientTls {
    /// The name that the upstream's certificate must carry, and that it is asked for.
    pub server_name: Box<str>,
    /// Authorities in DER form; `None` for those of the system.
    pub authorities: Option<Vec<Vec<u8>>>,
    /// What Standin shows of itself.
    pub identity: Option<Identity>,
}

/// What TLS to an upstream is spoken with, made once for its definition.
#[derive(Clone)]
pub struct Dialer {
    /// The name that its certificate must carry.
    pub name: ServerName<'static>,
    /// For the handshake where HTTP/1.1 is spoken.
    pub http1: Arc<ClientConfig>,
    /// For the handshake where HTTP/2 is spoken.
    pub http2: Arc<ClientConfig>,
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ClientTls {
    /// TLS 1.2 and 1.3, the protocol by ALPN. Reads the authorities of the system where none are named, which takes
    /// milliseconds.
    ///
    /// # Errors
    /// Where rustls cannot use the authorities, the identity or the name.
    pub fn dialer(&self) -> Result<Dialer, TlsFault> {
        let roots = match &self.authorities {
            Some(authorities) => roots(authorities)?,
            None => system_roots()?,
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(usable)?
            .with_root_certificates(roots);
        let mut http1 = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(own) => builder.with_client_auth_cert(own.certificates(), own.private_key()?).map_err(usable)?,
        };
        let mut http2 = http1.clone();
        http1.alpn_protocols = vec![b"http/1.1".to_vec()];
        http2.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from(&*self.server_name).map_err(|error| TlsFault::Unusable(error.to_string()))?;
        Ok(Dialer { name: name.to_owned(), http1: Arc::new(http1), http2: Arc::new(http2) })
    }
}

/// The authorities that the system believes. One that cannot be read is left out, as everybody does.
fn system_roots() -> Result<RootCertStore, TlsFault> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    match (usable, found.errors.first()) {
        (0, Some(error)) => Err(TlsFault::Unusable(error.to_string())),
        _ => Ok(roots),
    }
}

/// Checks that authorities can be used as roots.
///
/// # Errors
/// Where one cannot.
pub fn check_authorities(authorities: &[Vec<u8>]) -> Result<(), TlsFault> {
    roots(authorities).map(drop)
}

/// Whether a certificate can carry this name.
pub fn is_server_name(name: &str) -> bool {
    ServerName::try_from(name).is_ok()
}

fn roots(authorities: &[Vec<u8>]) -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    for der in authorities {
        roots.add(CertificateDer::from(der.clone())).map_err(usable)?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests;
