//! Whether and how the way to the server is encrypted.
//!
//! The one rule: a server elsewhere that offers TLS has to show a certificate that the system trusts; one on this machine is
//! spoken to as it is, unless the address asks for more.

use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What encrypts the way to the server of `config`, if anything does. Turns encryption off in `config` for a server on this
/// machine that does not ask for it.
///
/// # Errors
/// When the system's certificates cannot be used.
pub fn connector(config: &mut Config) -> Result<Option<MakeRustlsConnect>, String> {
    let is_here = config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name.eq_ignore_ascii_case("localhost")
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    });
    match config.get_ssl_mode() {
        SslMode::Disable => return Ok(None),
        SslMode::Prefer if is_here => {
            config.ssl_mode(SslMode::Disable);
            return Ok(None);
        }
        _ => {}
    }
    let tls = rustls::ClientConfig::with_platform_verifier().map_err(|error| error.to_string())?;
    Ok(Some(MakeRustlsConnect::new(tls)))
}
