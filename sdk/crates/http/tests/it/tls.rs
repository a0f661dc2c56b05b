//! Whom the client trusts.

use std::sync::{Arc, atomic::Ordering};

use connector_http::Url;
use connector_model::{ErrorKind, Retry};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use crate::server::{Then, client, listen, raw};

/// Serves `[]` over TLS with a self-signed certificate; gives that as PEM.
async fn serve_tls(name: &str, expired: bool) -> (Url, String) {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    if expired {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .expect("a TLS configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, url) = listen("https").await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await?;
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await?;
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]").await?;
                stream.shutdown().await
            });
        }
    });
    (url, certificate.pem())
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_unless_it_is_given_as_a_root() {
    let (url, pem) = serve_tls("127.0.0.1", false).await;
    let error = client(&url).build().expect("a client").get("x").send().await;
    let error = error.expect_err("nobody vouches for it");
    assert_eq!((error.kind(), error.retry()), (ErrorKind::FailedPrecondition, Retry::Never));
    assert!(error.message().contains("127.0.0.1 is not trusted by this machine"), "{error}");

    let trusting = client(&url).add_root_certificate_pem(pem).build().expect("a client");
    let list: Vec<u8> = trusting.get("x").fetch_json().await.expect("trusted");
    assert!(list.is_empty());
}

#[tokio::test]
async fn an_expired_certificate_and_one_for_another_name_are_told_apart() {
    for (name, expired, words) in
        [("127.0.0.1", true, "has expired"), ("other.example", false, "is for another name")]
    {
        let (url, pem) = serve_tls(name, expired).await;
        let client = client(&url).add_root_certificate_pem(pem).build().expect("a client");
        let error = client.get("x").send().await.expect_err(words);
        assert!(error.message().contains(words), "{}", error.report());
        assert_eq!(error.retry(), Retry::Never);
    }
}

#[tokio::test]
async fn a_port_without_tls_is_said_to_be_one() {
    let (url, connections) = raw("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", Then::Close).await;
    let error = client(&url).build().expect("a client").get("x").send().await.expect_err("no TLS");
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{}", error.report());
    assert!(error.message().contains("does not speak TLS on this port"), "{error}");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn roots_that_are_no_certificates_are_refused() {
    let url: Url = "https://example.com/".parse().expect("a URL");
    for text in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
        let error = client(&url).add_root_certificate_pem(text).build().expect_err(text);
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}
