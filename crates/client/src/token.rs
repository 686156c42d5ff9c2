//! The credential a program shows to the network.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use ureq::http::HeaderValue;

use crate::{Error, ErrorKind};

/// A bearer token (RFC 6750). Neither `Debug` nor any error shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Takes any text; [`Client::new`](crate::Client::new) says if a header cannot carry it.
    pub fn new(text: impl Into<String>) -> Self {
        Token(text.into())
    }

    /// The value of the `Authorization` header; `None` for an empty token, which is the same as none.
    pub(crate) fn header(&self) -> Result<Option<HeaderValue>, Error> {
        let text = self.0.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let unusable = || {
            let detail = "the token given by --token or RAMANUJAN_TOKEN holds spaces or characters that no header \
                can carry; was it copied whole?";
            Error::new(ErrorKind::Token, "bad-token", detail)
        };
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unusable());
        }
        let mut value = HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| unusable())?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

impl FromStr for Token {
    type Err = Infallible;

    // Infallible, because a parser of arguments would repeat a refused token in its message.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Token::new(text))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_to_nobody() {
        let token = Token::new("s3cret");
        let header = token.header().unwrap().unwrap();
        assert_eq!(header, "Bearer s3cret");
        assert!(!format!("{token:?} {header:?}").contains("s3cret"));
        let error = Token::new("s3cret\n2").header().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Token);
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    #[test]
    fn an_empty_variable_is_no_token() {
        assert_eq!(Token::new(" \n").header().unwrap(), None);
        assert_eq!(Token::new("abc\n").header().unwrap().unwrap(), "Bearer abc");
    }
}
