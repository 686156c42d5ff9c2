//! Where a network listens.

use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind};

/// Where `./scripts/up.sh` starts the network.
pub const DEFAULT_URL: &str = "http://127.0.0.1:3000";

/// The address of a network: `http://`, host, and perhaps port and path; no slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Address {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::Address`]: the text is no `http://` URL (TLS is left to a proxy), it holds a name or password,
    /// which belong into a [`Token`](crate::Token), or a query.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason: &str| {
            let detail = format!("{reason}; give the network's address as --url, for example {DEFAULT_URL}");
            Error::new(ErrorKind::Address, "bad-url", detail)
        };
        let Some(rest) = text.strip_prefix("http://") else {
            return Err(wrong(&format!("{text:?} is not an http:// URL")));
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            // Not shown: what stands before the @ is a secret.
            return Err(wrong("the URL holds a name or a password, and those go into --token"));
        }
        let parsed = text.parse::<ureq::http::Uri>();
        if authority.is_empty() || rest.contains(['?', '#']) || parsed.is_err() {
            return Err(wrong(&format!("{text:?} is not an http:// URL of a host")));
        }
        Ok(Address(text.trim_end_matches('/').to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hosts_over_http() {
        for (text, address) in [
            (DEFAULT_URL, DEFAULT_URL),
            ("http://127.0.0.1:3000/", DEFAULT_URL),
            ("http://[::1]:80", "http://[::1]:80"),
            ("http://example.org/network/", "http://example.org/network"),
        ] {
            assert_eq!(text.parse::<Address>().unwrap().as_str(), address);
        }
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        for text in [
            "",
            "127.0.0.1:3000",
            "https://example.org",
            "http://",
            "http:///x",
            "http://a b",
            "http://a?x=1",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Address, "bad-url"), "{text}");
            assert!(error.to_string().ends_with("--url, for example http://127.0.0.1:3000"), "{error}");
        }
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_shown() {
        let error = "http://me:secret@example.org".parse::<Address>().unwrap_err();
        assert!(error.to_string().contains("--token") && !format!("{error} {error:?}").contains("secret"));
    }
}
