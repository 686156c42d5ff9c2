//! `allowed_outbound_hosts`: which addresses a component may reach.
//!
//! An item is `scheme://host[:port]`. Each part may be `*`; a host may also be `*.domain`, an address or network
//! (`10.0.0.0/8`), or `self` for the application's own address; a port may be a range `a..b` (without b) and defaults
//! to the scheme's own.

use std::net::IpAddr;
use std::ops::Range;

use anyhow::{Context as _, Result, bail, ensure};

use super::chaining::CHAINING_SUFFIX;

/// The items of one component.
#[derive(Debug, Default)]
pub(crate) struct AllowedHosts(Vec<Item>);

#[derive(Clone, Debug, PartialEq)]
struct Item {
    /// `None`: any.
    scheme: Option<String>,
    host: Host,
    /// `None`: any.
    ports: Option<Range<u32>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Host {
    Any,
    /// With the leading dot.
    AnySubdomain(String),
    Itself,
    Name(String),
    Network(IpAddr, u32),
}

impl AllowedHosts {
    /// Reads `items`. `components` are the application's component ids: `*.spin.internal` stands for exactly those.
    ///
    /// # Errors
    /// With the item that is not of the form above.
    pub(crate) fn parse<'a>(
        items: &[String],
        components: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<Self> {
        let mut parsed = Vec::new();
        for item in items {
            let item = Item::parse(item).with_context(|| {
                format!(
                    "{item:?} is not of the form <scheme>://<host>[:<port>], with `*` allowed for each part"
                )
            })?;
            if item.host == Host::AnySubdomain(CHAINING_SUFFIX.into()) {
                let chained =
                    |id| Item { host: Host::Name(format!("{id}{CHAINING_SUFFIX}")), ..item.clone() };
                parsed.extend(components.clone().map(chained));
            } else {
                parsed.push(item);
            }
        }
        Ok(AllowedHosts(parsed))
    }

    /// Whether `scheme://host[:port]` may be reached. An IPv6 address may be in brackets.
    pub(crate) fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        self.0.iter().any(|item| item.allows(scheme, &host, port))
    }

    /// Whether requests to the application's own address are allowed.
    pub(crate) fn allows_self(&self) -> bool {
        self.0.iter().any(|item| {
            item.scheme.as_deref().is_none_or(|scheme| ["http", "https"].contains(&scheme))
                && matches!(item.host, Host::Any | Host::Itself)
        })
    }

    /// Whether any socket at all may be opened.
    pub(crate) fn allows_sockets(&self) -> bool {
        self.0.iter().any(|item| item.scheme.as_deref().is_none_or(|scheme| ["tcp", "udp"].contains(&scheme)))
    }
}

impl Item {
    fn parse(text: &str) -> Result<Self> {
        let (scheme, rest) =
            text.trim().split_once("://").context("the scheme is missing, e.g. http:// or *://")?;
        ensure!(
            scheme == "*" || (!scheme.is_empty() && scheme.chars().all(char::is_alphabetic)),
            "the scheme {scheme:?} may only have letters"
        );
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') && rest.parse::<IpAddr>().is_err() => {
                (host, port.strip_suffix('/').unwrap_or(port))
            }
            _ => (rest, ""),
        };
        Ok(Item {
            scheme: (scheme != "*").then(|| scheme.to_owned()),
            host: Host::parse(host)?,
            ports: parse_ports(port, scheme)?,
        })
    }

    fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        self.scheme.as_deref().is_none_or(|own| own == scheme)
            && self.host.allows(host)
            && match (&self.ports, port.or_else(|| default_port(scheme))) {
                (None, _) => true,
                (Some(ports), Some(port)) => ports.contains(&u32::from(port)),
                (Some(_), None) => false,
            }
    }
}

impl Host {
    fn parse(host: &str) -> Result<Self> {
        let host = host.trim().to_ascii_lowercase();
        match host.as_str() {
            "*" => return Ok(Host::Any),
            "self" | "self.alt" => return Ok(Host::Itself),
            _ => {}
        }
        if let Some((address, length)) = host.split_once('/')
            && let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u32>())
        {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            ensure!(length <= bits, "a network prefix has at most {bits} bits");
            return Ok(Host::Network(address, length));
        }
        let host = host.strip_suffix('/').unwrap_or(&host);
        ensure!(!host.contains('/'), "a path is not allowed");
        if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(Host::Network(address, if address.is_ipv4() { 32 } else { 128 }));
        }
        let (wildcard, domain) = match host.strip_prefix("*.") {
            Some(domain) => (true, domain),
            None => (false, host),
        };
        let letters = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        ensure!(!domain.contains('*'), "a wildcard is allowed only as the whole first part of a host");
        ensure!(!domain.is_empty() && domain.chars().all(letters), "{domain:?} is no host name");
        Ok(if wildcard { Host::AnySubdomain(format!(".{domain}")) } else { Host::Name(domain.to_owned()) })
    }

    fn allows(&self, host: &str) -> bool {
        match self {
            Host::Any => true,
            Host::AnySubdomain(suffix) => host.ends_with(suffix.as_str()) && host.parse::<IpAddr>().is_err(),
            // Decided by `allows_self`.
            Host::Itself => false,
            Host::Name(name) => name == host,
            Host::Network(network, length) => {
                host.parse().is_ok_and(|address| in_network(address, *network, *length))
            }
        }
    }
}

fn in_network(address: IpAddr, network: IpAddr, length: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

fn parse_ports(port: &str, scheme: &str) -> Result<Option<Range<u32>>> {
    if port == "*" {
        return Ok(None);
    }
    let number =
        |text: &str| text.parse::<u16>().map(u32::from).with_context(|| format!("{text:?} is no port"));
    if port.is_empty() {
        let Some(port) = default_port(scheme) else {
            bail!("the scheme {scheme:?} has no default port; give one")
        };
        return Ok(Some(u32::from(port)..u32::from(port) + 1));
    }
    Ok(Some(match port.split_once("..") {
        Some((start, end)) => number(start)?..number(end)?,
        None => number(port)?..number(port)? + 1,
    }))
}

fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" => 80,
        "https" => 443,
        "postgres" => 5432,
        "mysql" => 3306,
        "redis" => 6379,
        "mqtt" => 1883,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(items: &[&str]) -> AllowedHosts {
        let items: Vec<_> = items.iter().map(|item| (*item).to_owned()).collect();
        AllowedHosts::parse(&items, ["a", "b"].into_iter()).unwrap()
    }

    #[test]
    fn scheme_host_and_port_must_all_match() {
        let hosts = hosts(&["http://example.com", "https://Example.org:8443"]);
        assert!(hosts.allows("http", "example.com", None));
        assert!(hosts.allows("http", "EXAMPLE.com", Some(80)));
        assert!(!hosts.allows("https", "example.com", None));
        assert!(!hosts.allows("http", "example.com", Some(81)));
        assert!(!hosts.allows("http", "sub.example.com", None));
        assert!(hosts.allows("https", "example.org", Some(8443)));
        assert!(!hosts.allows("https", "example.org", None));
        assert!(!hosts.allows("http", "other.com", None));
    }

    #[test]
    fn wildcards() {
        assert!(hosts(&["*://*:*"]).allows("redis", "anything", Some(1)));
        assert!(hosts(&["*://*:*"]).allows_self());
        let sub = hosts(&["http://*.example.com:*"]);
        assert!(sub.allows("http", "a.b.example.com", Some(9)));
        assert!(!sub.allows("http", "example.com", Some(9)));
        let range = hosts(&["http://127.0.0.1:8000..8010"]);
        assert!(range.allows("http", "127.0.0.1", Some(8009)));
        assert!(!range.allows("http", "127.0.0.1", Some(8010)));
    }

    #[test]
    fn internal_wildcards_stand_for_existing_components() {
        let hosts = hosts(&["http://*.spin.internal"]);
        assert!(hosts.allows("http", "a.spin.internal", None));
        assert!(!hosts.allows("http", "c.spin.internal", None));
        assert!(!hosts.allows("https", "a.spin.internal", None));
        assert!(!hosts.allows_self());
    }

    #[test]
    fn addresses_and_networks() {
        let hosts = hosts(&["tcp://10.0.0.0/8:*", "http://[::1]:3000", "http://127.0.0.1"]);
        assert!(hosts.allows("tcp", "10.9.8.7", Some(5)));
        assert!(!hosts.allows("tcp", "11.0.0.1", Some(5)));
        assert!(hosts.allows("http", "[::1]", Some(3000)));
        assert!(hosts.allows("http", "127.0.0.1", None));
        assert!(hosts.allows_sockets());
    }

    #[test]
    fn self_is_the_applications_own_address() {
        let hosts = hosts(&["http://self"]);
        assert!(hosts.allows_self());
        assert!(!hosts.allows("http", "self", None));
        assert!(!hosts.allows_sockets());
    }

    #[test]
    fn malformed_items_are_refused() {
        for item in
            ["", "*", "example.com", "http://a/b", "http://a*b", "x://host", "http://h:port", "http://"]
        {
            assert!(AllowedHosts::parse(&[item.to_owned()], [].into_iter()).is_err(), "{item}");
        }
    }
}
