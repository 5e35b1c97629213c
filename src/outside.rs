//! The only way to addresses that members name: pictures, files, links.
//!
//! An address is looked up once, checked, and the checked address is what is connected to: a name that changes its mind
//! in between changes nothing. No proxy, no redirect that was not checked, nothing without a limit, and no answer of the
//! other side is ever shown.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url, header};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(15);
/// Largest body, in bytes.
pub const BODY_MAX: usize = 10 << 20;
/// Redirects that are followed, each checked like the first address.
const HOPS_MAX: usize = 3;

/// What is allowed.
#[derive(Clone, Debug)]
pub struct Rules {
    pub https_only: bool,
    /// The only port; `None`: any.
    pub port: Option<u16>,
    /// `host:port` that the operator vouches for, wherever they are.
    pub vouched: Vec<String>,
}

impl Rules {
    /// Public addresses over HTTPS on its own port.
    pub const STRICT: Self = Self { https_only: true, port: Some(443), vouched: Vec::new() };
}

/// Why an address is not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutsideError {
    /// Not an address that may be called at all.
    #[error("the address is not allowed")]
    NotAllowed,
    #[error("nobody answers there")]
    Unreachable,
    #[error("it took too long")]
    TimedOut,
    #[error("it answers with {0}")]
    Status(u16),
    #[error("it is too large")]
    TooLarge,
    /// More redirects than are followed, or one to nowhere.
    #[error("it leads on and on")]
    TooManyHops,
}

/// Looks names up.
#[async_trait]
pub trait Lookup: Send + Sync {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The system's own way.
struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Hands the connector checked addresses and no others.
struct Vetted {
    lookup: Arc<dyn Lookup>,
    vouched: Vec<String>,
}

impl Resolve for Vetted {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, host) = (Arc::clone(&self.lookup), name.as_str().to_owned());
        let is_vouched =
            self.vouched.iter().any(|known| known.rsplit_once(':').is_some_and(|(known, _)| known == host));
        Box::pin(async move {
            let found = lookup.addresses(&host).await?;
            // One private address among public ones is a trick, not a mistake.
            if found.is_empty() || (!is_vouched && !found.iter().copied().all(is_public)) {
                return Err(Box::from(OutsideError::NotAllowed));
            }
            // Port 0: the connector takes that of the URL.
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

/// The vetted client.
#[derive(Clone)]
pub struct Outside {
    rules: Rules,
    lookup: Arc<dyn Lookup>,
    /// Made with the first fetch: reading the system's certificates takes time.
    client: Arc<OnceLock<Client>>,
}

impl Outside {
    /// A client under `rules`.
    pub fn new(rules: Rules) -> Self {
        Self::with_lookup(rules, Arc::new(SystemLookup))
    }

    /// A client with another way to look names up.
    pub fn with_lookup(rules: Rules, lookup: Arc<dyn Lookup>) -> Self {
        Self { rules, lookup, client: Arc::default() }
    }

    /// The body at an address, at most `limit` bytes and never more than [`BODY_MAX`].
    ///
    /// # Errors
    /// See [`OutsideError`].
    pub async fn fetch(&self, address: &str, limit: usize) -> Result<Vec<u8>, OutsideError> {
        let fetching = self.follow(address, limit.min(BODY_MAX));
        tokio::time::timeout(TIMEOUT, fetching).await.unwrap_or(Err(OutsideError::TimedOut))
    }

    async fn follow(&self, address: &str, limit: usize) -> Result<Vec<u8>, OutsideError> {
        let mut url = Url::parse(address).map_err(|_| OutsideError::NotAllowed)?;
        let client = self.client()?;
        for _ in 0..=HOPS_MAX {
            self.check(&url)?;
            let mut response = client.get(url.clone()).send().await.map_err(|error| reason(&error))?;
            let status = response.status();
            if status.is_redirection() {
                let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
                url = to.and_then(|to| url.join(to).ok()).ok_or(OutsideError::TooManyHops)?;
                continue;
            }
            if !status.is_success() {
                return Err(OutsideError::Status(status.as_u16()));
            }
            // What is packed may unpack to anything; it was not asked for either.
            let encoding = response.headers().get(header::CONTENT_ENCODING);
            if encoding.is_some_and(|encoding| encoding != "identity") {
                return Err(OutsideError::NotAllowed);
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error))? {
                if body.len() + chunk.len() > limit {
                    return Err(OutsideError::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            return Ok(body);
        }
        Err(OutsideError::TooManyHops)
    }

    /// Whether an address may be called at all, before anything is looked up.
    fn check(&self, url: &Url) -> Result<(), OutsideError> {
        let is_web = url.scheme() == "https" || (url.scheme() == "http" && !self.rules.https_only);
        let has_name = url.username().is_empty() && url.password().is_none();
        let port = url.port_or_known_default();
        let host = url.host_str().unwrap_or_default();
        let named = format!("{host}:{}", port.unwrap_or_default());
        if self.rules.vouched.contains(&named) && is_web && has_name {
            return Ok(());
        }
        let is_port = self.rules.port.is_none() || port == self.rules.port;
        // A name with dots only inside: not `localhost`, not a name of the local network.
        // The URL's own reading has made `0x7f.1` and its like the address they stand for.
        let is_host = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) => is_public(ip),
            Err(_) => {
                let name = host.trim_end_matches('.');
                let local = ["localhost", "local", "internal", "lan", "home.arpa", "onion"];
                name.contains('.') && !local.iter().any(|end| name == *end || name.ends_with(&format!(".{end}")))
            }
        };
        if is_web && has_name && is_port && is_host { Ok(()) } else { Err(OutsideError::NotAllowed) }
    }

    fn client(&self) -> Result<Client, OutsideError> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let client = self.new_client()?;
        Ok(self.client.get_or_init(|| client).clone())
    }

    fn new_client(&self) -> Result<Client, OutsideError> {
        // Another caller may have installed it already, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let vetted = Vetted { lookup: Arc::clone(&self.lookup), vouched: self.rules.vouched.clone() };
        Client::builder()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Arc::new(vetted))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("greenroom/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| OutsideError::Unreachable)
    }
}

/// Our own reason, where it was one of ours; nothing of the other side's words.
fn reason(error: &reqwest::Error) -> OutsideError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if let Some(ours) = inner.downcast_ref::<OutsideError>() {
            return *ours;
        }
        cause = inner.source();
    }
    if error.is_timeout() { OutsideError::TimedOut } else { OutsideError::Unreachable }
}

/// Whether an address is one that everybody on the internet reaches, and nobody else's.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// Networks that are somebody's own, reserved or for documentation: address and length of the prefix.
const NOT_PUBLIC_V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let bits = u32::from(ip);
    !NOT_PUBLIC_V4.iter().any(|(net, length)| (bits ^ u32::from(Ipv4Addr::from(*net))) >> (32 - length) == 0)
}

/// The same for IPv6; only 2000::/3 is given out at all.
const NOT_PUBLIC_V6: [([u16; 8], u32); 5] = [
    // Teredo, ORCHID and the like carry IPv4 addresses or lead nowhere.
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48),
];

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let bits = u128::from(ip);
    let is_given_out = bits >> 125 == 1;
    let is_reserved =
        |(net, length): &([u16; 8], u32)| (bits ^ u128::from(Ipv6Addr::from(*net))) >> (128 - length) == 0;
    is_given_out && !NOT_PUBLIC_V6.iter().any(is_reserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_are_looked_up_as_the_system_does() {
        let found = SystemLookup.addresses("localhost").await.unwrap();
        assert!(!found.is_empty() && found.iter().all(|ip| ip.is_loopback()), "{found:?}");
    }

    #[test]
    fn only_what_everybody_reaches_is_public() {
        let private = [
            "0.0.0.0",
            "0.255.255.255",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.31.196.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2620:4f:8000::1",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for ip in private {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "2606:4700::1111"]
        {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn an_address_is_refused_before_anything_is_looked_up() {
        let strict = Outside::new(Rules::STRICT);
        let check =
            |text: &str| Url::parse(text).map_err(|_| OutsideError::NotAllowed).and_then(|url| strict.check(&url));
        for bad in [
            "http://example.org/",
            "http://example.org:443/",
            "https://user@example.org/",
            "https://:pw@example.org/",
            "https://example.org:8443/",
            "ftp://example.org/",
            "file:///etc/passwd",
            "https://localhost/",
            "https://a.localhost/",
            "https://printer/",
            "https://db.internal/",
            "https://printer.local/",
            "https://printer.lan/",
            "https://router.home.arpa/",
            "https://hidden.onion/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://127.0.0.1.:443/",
            "data:text/plain,hi",
            "//x",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check("https://example.org/a.png?b#c").is_ok());
        assert!(check("https://example.org.:443/").is_ok());
        let open = Outside::new(Rules { https_only: false, port: None, vouched: Vec::new() });
        for (address, expected) in [
            ("http://example.org/", Ok(())),
            ("https://example.org/", Ok(())),
            ("ftp://example.org/", Err(OutsideError::NotAllowed)),
        ] {
            assert_eq!(open.check(&Url::parse(address).unwrap()), expected, "{address}");
        }
    }
}
