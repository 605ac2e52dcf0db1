//! The way to PostgreSQL, with somebody on it: nothing is said in the clear to who was asked for TLS, nor to who shows a certificate that
//! nobody vouches for.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::Arc,
    thread,
};

use rustls::{
    ServerConfig, ServerConnection,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use trunkline_store::{KeySource, Location, Store};

use crate::backends::entropy;

/// What a client sends first when it wants TLS.
const WANTS_TLS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Opens a store at a server that does this with the connection, and gives what it heard after the client asked for TLS.
async fn heard(server: fn(TcpStream) -> Vec<u8>) -> (String, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut first = [0; 8];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(first, WANTS_TLS, "nothing is said before");
        server(stream)
    });
    let url = format!("postgres://somebody:hush@localhost:{port}/trunkline?sslmode=require");
    let folder = tempfile::tempdir().unwrap();
    let key = KeySource::File(Store::key_in(folder.path()));
    let error = Store::open(&Location::Postgres(url.into()), key, entropy(1))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "TL0501");
    (error.to_string(), serving.join().unwrap())
}

fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // A client that hangs up has said all that it will.
    stream.read_to_end(&mut all).ok();
    all
}

#[tokio::test]
async fn a_server_without_tls_hears_nothing_more() {
    let (error, heard) = heard(|mut stream| {
        stream.write_all(b"N").unwrap();
        rest(stream)
    })
    .await;
    assert!(heard.is_empty(), "{heard:?}");
    assert!(!error.contains("hush"), "{error}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_ends_it_before_a_name_is_said() {
    let (error, said) = heard(|mut stream| {
        stream.write_all(b"S").unwrap();
        let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../trunkline-server/tests/fixtures");
        let chain = vec![CertificateDer::from_pem_file(fixtures.join("localhost.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(fixtures.join("localhost.key")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let mut tls = ServerConnection::new(Arc::new(config)).unwrap();
        let mut said = Vec::new();
        while tls.complete_io(&mut stream).is_ok() {
            if tls.reader().read_to_end(&mut said).is_ok() {
                break;
            }
        }
        said
    })
    .await;
    assert!(said.is_empty(), "{}", String::from_utf8_lossy(&said));
    assert!(
        error.contains("certificate") && !error.contains("hush"),
        "{error}"
    );
}
