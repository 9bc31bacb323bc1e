//! A certificate that nobody trusts.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

/// TLS with a certificate for `localhost` that signs itself.
pub(crate) fn untrusted() -> Arc<ServerConfig> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().and_then(
            |config| config.with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key),
        );
    Arc::new(config.unwrap())
}
