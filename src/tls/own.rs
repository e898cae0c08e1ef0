//! TLS with ourselves: the own data port is known by the certificate that it was given, whatever name stands in it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::{ServerTls, TlsFault, provider, usable};

/// Random bytes that nobody can guess; `None` where the system gives none.
pub fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    provider().secure_random.fill(&mut bytes).ok().map(|()| bytes)
}

/// The authorities that the system believes, in DER form.
pub fn system_certificates() -> Vec<Vec<u8>> {
    rustls_native_certs::load_native_certs().certs.iter().map(|der| der.to_vec()).collect()
}

impl ServerTls {
    /// What to speak with the listener that has this certificate, in HTTP/1.1, and by which name.
    ///
    /// # Errors
    /// Where rustls can make nothing of it.
    pub fn own_client(&self) -> Result<(Arc<ClientConfig>, ServerName<'static>), TlsFault> {
        let provider = Arc::new(provider());
        let verifier = Arc::new(Own { leaf: self.leaf.clone(), provider: provider.clone() });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(usable)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok((Arc::new(config), ServerName::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST).into())))
    }
}

/// Believes one certificate, and no other.
#[derive(Debug)]
struct Own {
    leaf: Option<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Own {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.leaf {
            Some(own) if own == shown => Ok(ServerCertVerified::assertion()),
            _ => Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
