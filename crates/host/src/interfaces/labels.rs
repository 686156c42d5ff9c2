//! Labels: the names by which a manifest asks for stores.

use anyhow::{Result, ensure};

use super::interface::{Declaration, Interface, Request, Site};
use crate::instance::grants::Grant;

/// Opens what the labels name.
type Open = fn(&mut Site<'_>, &[String]) -> Result<Box<dyn Grant>>;

/// The labels that a component asks for.
#[derive(Debug)]
pub(super) struct Labels {
    labels: Vec<String>,
    open: Open,
}

impl Labels {
    /// The labels under the interface's key.
    ///
    /// # Errors
    /// With the first label that is neither kebab-case nor snake_case.
    pub(super) fn read(
        declared: &Declaration<'_>,
        interface: &Interface,
        open: Open,
    ) -> Result<Box<dyn Request>> {
        let labels: Vec<String> = declared.read(interface.key)?;
        for label in &labels {
            let words = |separator: char| {
                label.split(separator).all(|word| {
                    word.starts_with(|c: char| c.is_ascii_alphabetic())
                        && word.chars().all(|c| c.is_ascii_alphanumeric())
                })
            };
            ensure!(words('-') || words('_'), "label {label:?} must be kebab-case or snake_case");
        }
        Ok(Box::new(Labels { labels, open }))
    }
}

impl Request for Labels {
    fn open(&self, site: &mut Site<'_>) -> Result<Box<dyn Grant>> {
        (self.open)(site, &self.labels)
    }
}
