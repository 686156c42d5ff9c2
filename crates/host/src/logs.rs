//! Where a component's output goes: stdout and stderr each to a file of its own, and to the terminal with `--follow`.
//!
//! What a file does not take, as on a full disk, is no reason for the component to fail: the terminal gets a sample of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::output::{self, PAUSE, Terminal, Trouble};

/// Bytes a component may write at once.
const WRITE_LIMIT: usize = 64 * 1024;

/// The two output files of a component.
pub(crate) struct ComponentLogs {
    /// What it prints.
    pub(crate) stdout: LogStream,
    /// What it complains about.
    pub(crate) stderr: LogStream,
}

impl ComponentLogs {
    /// Opens `<folder>/<component>_stdout.txt` and `…_stderr.txt` for appending.
    pub(crate) fn open(folder: &Path, component: &str, follow: bool) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let stream = |name: &str, terminal: Terminal| {
            let path = folder.join(format!("{component}_{name}.txt"));
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&path)
                .with_context(|| format!("cannot open {}", path.display()))?;
            let follow = follow.then(|| Follow::new(component, terminal, Duration::ZERO));
            let sample = Follow::new(component, Terminal::Stderr, PAUSE);
            let target = Target { file, path, trouble: Trouble::default(), follow, sample };
            anyhow::Ok(LogStream(Arc::new(Mutex::new(target))))
        };
        Ok(ComponentLogs {
            stdout: stream("stdout", Terminal::Stdout)?,
            stderr: stream("stderr", Terminal::Stderr)?,
        })
    }
}

/// A stream into a log file, shared by all instances of a component.
#[derive(Clone)]
pub(crate) struct LogStream(Arc<Mutex<Target>>);

struct Target {
    file: File,
    path: PathBuf,
    trouble: Trouble,
    follow: Option<Follow>,
    /// For what the file does not take and nobody follows.
    sample: Follow,
}

struct Follow {
    prefix: String,
    terminal: Terminal,
    /// Least time between two lines; lines in between are left out.
    pause: Duration,
    at_line_start: bool,
    /// When the last line was begun that was not left out.
    shown: Option<Instant>,
    leaves_out: bool,
}

impl LogStream {
    fn write_bytes(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes);
    }
}

impl Target {
    fn write(&mut self, bytes: &[u8]) {
        let written = self.file.write_all(bytes);
        let path = self.path.display();
        match &written {
            Ok(()) if self.trouble.ends() => output::event(format_args!("the log {path} is written again")),
            Err(error) if self.trouble.begins() => output::event(format_args!(
                "the log {path} cannot be written: {error}; make room. Until then a line a second comes here"
            )),
            _ => {}
        }
        if let Some(follow) = &mut self.follow {
            follow.write(bytes);
        } else if written.is_err() {
            self.sample.write(bytes);
        }
    }
}

impl Follow {
    fn new(component: &str, terminal: Terminal, pause: Duration) -> Self {
        let prefix = format!("[{component}] ");
        Follow { prefix, terminal, pause, at_line_start: true, shown: None, leaves_out: false }
    }

    /// Writes with the component's name before every line.
    fn write(&mut self, bytes: &[u8]) {
        let mut out = Vec::with_capacity(bytes.len() + self.prefix.len());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.at_line_start {
                self.leaves_out = self.shown.is_some_and(|shown| shown.elapsed() < self.pause);
                if !self.leaves_out {
                    self.shown = Some(Instant::now());
                    out.extend_from_slice(self.prefix.as_bytes());
                }
            }
            if !self.leaves_out {
                out.extend_from_slice(line);
            }
            self.at_line_start = line.ends_with(b"\n");
        }
        output::pass_on(self.terminal, &out);
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.write_bytes(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_LIMIT)
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write_bytes(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
