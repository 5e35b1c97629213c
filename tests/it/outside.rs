//! Addresses that members name lead to nothing but public places, however they are written and wherever they redirect.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use greenroom::outside::{Lookup, Outside, OutsideError, Rules};

/// Somebody's own service, that must never be reached: counts who connects.
struct Honeypot {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Honeypot {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counted = connections.clone();
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, connections }
    }
}

/// A resolver in an attacker's hand.
struct Resolver(AtomicUsize);

#[async_trait]
impl Lookup for Resolver {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let query = self.0.fetch_add(1, Ordering::SeqCst);
        let local = |text: &str| text.parse::<IpAddr>().unwrap();
        Ok(match host {
            "trusted.example" => vec![local("127.0.0.1")],
            // A different private address at every query, alone or beside a public one.
            host if host.starts_with("mixed") => vec![local("93.184.216.34"), local("127.0.0.1")],
            host if host.starts_with("empty") => Vec::new(),
            host if host.starts_with("flip") && query.is_multiple_of(2) => Vec::new(),
            host if host.starts_with("six") => vec![local("::1"), local("::ffff:127.0.0.1")],
            _ => vec![local("127.0.0.1")],
        })
    }
}

/// Hosts that mean this machine or this network, as browsers and libraries read them.
fn hosts() -> Vec<String> {
    let mut hosts: Vec<String> = [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7F.0x0.0x0.0x1",
        "0x7f.1",
        "0177.0.0.1",
        "0177.0.0.01",
        "017700000001",
        "00000177.0.0.1",
        "127.000.000.001",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[::]",
        "0.0.0.0",
        "0",
        "0x0",
        "%31%32%37.0.0.1",
        "127%2e0%2e0%2e1",
        "１２７.０.０.１",
        "127。0。0。1",
        "①②⑦.⓪.⓪.①",
        "127.0.0.1%00.example.org",
        "user@127.0.0.1",
        "user:pw@127.0.0.1",
        "example.org@127.0.0.1",
        "db.internal",
        "printer.lan",
        "router",
        "x.home.arpa",
        "evil.example",
        "mixed.example",
        "empty.example",
        "flip.example",
        "six.example",
        "EVIL.example.",
        "xn--evil-5na.example",
    ]
    .map(str::to_owned)
    .to_vec();
    // Every way to write the bytes of an address, for addresses of every private network.
    for [a, b, c, d] in [
        [127_u8, 0, 0, 1],
        [127, 8, 9, 10],
        [10, 0, 0, 5],
        [172, 16, 3, 4],
        [192, 168, 1, 1],
        [169, 254, 169, 254],
        [100, 64, 0, 1],
        [0, 0, 0, 7],
        [198, 18, 0, 1],
        [224, 0, 0, 1],
        [255, 255, 255, 255],
        [192, 0, 2, 1],
    ] {
        let whole = u32::from(Ipv4Addr::new(a, b, c, d));
        let [tail, short] = [whole & 0xff_ffff, whole & 0xffff];
        let text = |byte: u8, form: usize| match form {
            0 => byte.to_string(),
            1 => format!("{byte:#x}"),
            _ => format!("0{byte:o}"),
        };
        for forms in 0..81_usize {
            let forms = [forms % 3, forms / 3 % 3, forms / 9 % 3, forms / 27 % 3];
            let [a, b, c, d] =
                [(a, forms[0]), (b, forms[1]), (c, forms[2]), (d, forms[3])].map(|(byte, form)| text(byte, form));
            hosts.push(format!("{a}.{b}.{c}.{d}"));
        }
        hosts.extend([
            whole.to_string(),
            format!("{whole:#x}"),
            format!("0{whole:o}"),
            format!("{a}.{tail}"),
            format!("{a}.{b}.{short}"),
            format!("[::ffff:{a}.{b}.{c}.{d}]"),
            format!("[64:ff9b::{a}.{b}.{c}.{d}]"),
            format!("{a}.{b}.{c}.{d}."),
        ]);
    }
    hosts
}

/// Redirects to whatever its query says, a few times over where it is told to.
async fn redirect(State(hops): State<Arc<AtomicUsize>>, RawQuery(to): RawQuery) -> Response {
    hops.fetch_add(1, Ordering::SeqCst);
    let to = to.unwrap_or_default();
    let to: String = (0..to.len())
        .step_by(2)
        .filter_map(|at| u8::from_str_radix(to.get(at..at + 2)?, 16).ok())
        .map(char::from)
        .collect();
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_way_of_writing_an_address_reaches_a_private_one() {
    let honeypot = Honeypot::open().await;
    let port = honeypot.address.port();
    let hops = Arc::new(AtomicUsize::new(0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let trusted = format!("trusted.example:{}", listener.local_addr().unwrap().port());
    let routes = Router::new().fallback(redirect).with_state(hops.clone());
    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    tokio::spawn(async move { axum::serve(listener, routes).await });

    // Everything but the address is allowed, so that only the address is what is refused.
    let open = Rules { https_only: false, port: None, vouched: vec![trusted.clone()] };
    let outside = Outside::with_lookup(open, Arc::new(Resolver(AtomicUsize::new(0))));
    let strict = Outside::with_lookup(Rules::STRICT, Arc::new(Resolver(AtomicUsize::new(0))));
    let (mut tried, mut redirected) = (0, 0);
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    for host in hosts() {
        for scheme in ["http", "https", "HTTP", "ftp", "file", "gopher", "data", ""] {
            let url = format!("{scheme}://{host}:{port}/latest/meta-data");
            for client in [&outside, &strict] {
                let fetched = client.fetch(&url, 1_000).await;
                assert!(fetched.is_err(), "{url}");
                tried += 1;
            }
        }
        for confused in [
            format!("http://{host}:{port}#@example.org/"),
            format!("http://example.org@{host}:{port}/"),
            format!("http://{host}:{port}\\@example.org/"),
            format!("http:\\\\{host}:{port}/"),
            format!(" http://{host}:{port}/ "),
            format!("http://{host}:{port}/\u{0}"),
        ] {
            assert!(outside.fetch(&confused, 1_000).await.is_err(), "{confused:?}");
            tried += 1;
        }
        if host.is_ascii() {
            let to = hex(&format!("http://{host}:{port}/"));
            assert!(outside.fetch(&format!("http://{trusted}/?{to}"), 1_000).await.is_err(), "to {host}");
            (tried, redirected) = (tried + 1, redirected + 1);
        }
    }
    assert!(hops.load(Ordering::SeqCst) >= redirected, "the redirects were followed up to the last hop");
    assert_eq!(honeypot.connections.load(Ordering::SeqCst), 0, "nobody got through");
    assert!(tried > 12_000, "{tried}");
    println!("{tried} addresses, {redirected} of them by redirect: 0 connections");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_allowed_is_fetched_within_its_limits() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let trusted = format!("trusted.example:{}", listener.local_addr().unwrap().port());
    let body = |size: usize| move || async move { vec![7_u8; size] };
    let routes = Router::new()
        .route("/small", axum::routing::get(body(900)))
        .route("/large", axum::routing::get(body(3_000_000)))
        .route("/packed", axum::routing::get(|| async { ([(header::CONTENT_ENCODING, "gzip")], vec![0_u8; 10]) }))
        .route("/gone", axum::routing::get(|| async { StatusCode::GONE }))
        .route("/moved", axum::routing::get(|| async { (StatusCode::FOUND, [(header::LOCATION, "/small")]) }))
        .route("/round", axum::routing::get(|| async { (StatusCode::FOUND, [(header::LOCATION, "/round")]) }))
        .route("/slow", axum::routing::get(|| async { tokio::time::sleep(std::time::Duration::from_secs(60)).await }));
    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let rules = Rules { https_only: false, port: None, vouched: vec![trusted.clone()] };
    let outside = Outside::with_lookup(rules, Arc::new(Resolver(AtomicUsize::new(0))));
    let fetch_up_to = async |path: &str, limit: usize| {
        outside.fetch(&format!("http://{trusted}/{path}"), limit).await.map(|body| body.len())
    };
    let fetch = async |path: &str| fetch_up_to(path, 1_000_000).await;
    assert_eq!(fetch("small").await, Ok(900));
    assert_eq!(fetch_up_to("small", 900).await, Ok(900));
    assert_eq!(fetch_up_to("small", 899).await, Err(OutsideError::TooLarge));
    assert_eq!(fetch("moved").await, Ok(900));
    assert_eq!(fetch("large").await, Err(OutsideError::TooLarge));
    assert_eq!(fetch("packed").await, Err(OutsideError::NotAllowed));
    assert_eq!(fetch("gone").await, Err(OutsideError::Status(410)));
    assert_eq!(fetch("round").await, Err(OutsideError::TooManyHops));
    assert_eq!(fetch("slow").await, Err(OutsideError::TimedOut));
}
