//! Files of pages: mounted through the manifest's `files`, read from the component's file system, sent with headers
//! that let nothing foreign into a page.
//!
//! A folder is flat: a name is one segment of letters, digits, `.`, `_`, `-`, so that no name leads out of it. What a
//! file is follows from its ending; a file with another ending is not there.

use std::fs::File;
use std::future::{Ready, ready};
use std::io::{ErrorKind, Read};

use http::{HeaderValue, StatusCode, header};
use ramanujan_core::{Code, Fingerprint, Problem};

use crate::request::Request;
use crate::response::{self, Response};

/// Largest file that is sent, in bytes: several times the largest library of a page.
pub const MAX_FILE_BYTES: u64 = 4 << 20;
/// Longest name of a file, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// Scripts and styles come from this origin's files alone: a value that looks like markup can do nothing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// A folder that the manifest mounts.
#[derive(Clone, Copy, Debug)]
pub struct Folder {
    place: &'static str,
}

impl Folder {
    /// The folder mounted at `place`, an absolute path in the component such as `/page`.
    pub const fn new(place: &'static str) -> Self {
        Folder { place }
    }

    /// The content of a file.
    ///
    /// # Errors
    /// 404 `no-such-file` for a name that is not there, or not a name; 500 `unreadable-file` where reading fails or
    /// the file is larger than [`MAX_FILE_BYTES`].
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Problem> {
        let absent = || Problem::new(Code::NoSuchFile, format!("{} has no such file", self.place));
        if !is_name(name) {
            return Err(absent());
        }
        let unreadable =
            |detail: String| Problem::new(Code::UnreadableFile, format!("{}/{name}: {detail}", self.place));
        let path = self.path().join(name);
        let file = File::open(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => absent(),
            _ => unreadable(error.to_string()),
        })?;
        if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err(absent());
        }
        let mut content = Vec::new();
        file.take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut content)
            .map_err(|error| unreadable(error.to_string()))?;
        if content.len() as u64 > MAX_FILE_BYTES {
            return Err(unreadable(format!("larger than {MAX_FILE_BYTES} bytes")));
        }
        Ok(content)
    }

    /// The reply with a file, or 304 where the client has it already.
    ///
    /// # Errors
    /// As [`Folder::read`]; 404 also for an ending of no known media type.
    pub fn serve(&self, request: &Request, name: &str) -> Result<Response, Problem> {
        let media_type = media_type(name)
            .ok_or_else(|| Problem::new(Code::NoSuchFile, format!("{} has no such file", self.place)))?;
        Ok(reply(request, media_type, self.read(name)?))
    }

    /// The handler of a route for one file of the folder.
    pub fn file(self, name: &'static str) -> impl Fn(Request) -> Ready<Result<Response, Problem>> + 'static {
        move |request| ready(self.serve(&request, name))
    }

    /// The handler of a route for every file of the folder: its parameter `{file}` names one.
    pub fn files(self) -> impl Fn(Request) -> Ready<Result<Response, Problem>> + 'static {
        move |request| ready(self.serve(&request, request.param("file")))
    }

    #[cfg(target_family = "wasm")]
    fn path(&self) -> std::path::PathBuf {
        self.place.into()
    }

    #[cfg(not(target_family = "wasm"))]
    fn path(&self) -> std::path::PathBuf {
        crate::native::folders::folder(self.place)
    }
}

/// The reply with the content of a page or of a file of one, or 304 where the client has it already.
pub fn reply(request: &Request, media_type: &'static str, content: Vec<u8>) -> Response {
    let tag = format!("\"{}-{:x}\"", Fingerprint::of(&content), content.len());
    let known = request.preference("if-none-match").is_some_and(|known| names(known, &tag));
    let mut response = if known {
        let mut response = Response::new(Vec::new().into());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        response::typed(media_type, content)
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Asked for again each time, answered with 304: a page of one build must not meet the script of another.
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether `If-None-Match` names a tag (RFC 9110 §13.1.2: weak comparison).
fn names(if_none_match: &str, tag: &str) -> bool {
    if_none_match.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn media_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "css" => "text/css; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}
