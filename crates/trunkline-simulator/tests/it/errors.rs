//! Refusals to start.

use std::net::TcpListener;

use trunkline_simulator::{Options, StartError};

use crate::harness::small;

fn refused(options: Options) -> StartError {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match runtime.block_on(trunkline_simulator::start(options)) {
        Ok(running) => panic!("it started at {}", running.address()),
        Err(error) => error,
    }
}

#[test]
fn what_cannot_be_started_says_why_and_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for (options, code, named) in [
        (
            Options {
                listen: address,
                ..small()
            },
            "TL0302",
            address.to_string(),
        ),
        (
            Options {
                time_zone: "Mars/Olympus".to_owned(),
                ..small()
            },
            "TL0303",
            "Mars/Olympus".to_owned(),
        ),
        (
            Options {
                live: Some(0.0),
                ..small()
            },
            "TL0304",
            "0".to_owned(),
        ),
        (
            Options {
                live: Some(f64::NAN),
                ..small()
            },
            "TL0304",
            "NaN".to_owned(),
        ),
        (
            Options {
                live: Some(1e9),
                ..small()
            },
            "TL0304",
            "1000000000".to_owned(),
        ),
    ] {
        let error = refused(options);
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(&named), "{error}");
        assert!(error.advice().ends_with('.'), "{}", error.advice());
        let page = format!("{}/../../docs/errors/{code}.md", env!("CARGO_MANIFEST_DIR"));
        assert!(std::path::Path::new(&page).exists(), "{code} has no page");
    }
}
