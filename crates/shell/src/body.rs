//! Response bodies: whole or streamed.

use std::fmt;
use std::pin::Pin;

use futures_core::Stream;

/// A stream of body chunks. It ends by itself: a component cannot be told to stop.
pub type Chunks = Pin<Box<dyn Stream<Item = Vec<u8>>>>;

/// The body of a response.
pub enum Body {
    /// The whole body.
    Full(Vec<u8>),
    /// A body that is sent as it comes.
    Stream(Chunks),
}

impl Body {
    /// A body sent chunk by chunk as the stream yields.
    pub fn stream(chunks: impl Stream<Item = Vec<u8>> + 'static) -> Self {
        Body::Stream(Box::pin(chunks))
    }

    /// Bytes of a whole body, `None` for a stream.
    pub fn as_full(&self) -> Option<&[u8]> {
        match self {
            Body::Full(bytes) => Some(bytes),
            Body::Stream(_) => None,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Full(bytes) => write!(f, "Full({} bytes)", bytes.len()),
            Body::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl<B: Into<Vec<u8>>> From<B> for Body {
    fn from(bytes: B) -> Self {
        Body::Full(bytes.into())
    }
}
