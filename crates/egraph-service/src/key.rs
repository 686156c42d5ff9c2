//! The digests by which replies are remembered: of everything that decides a reply.

use ramanujan_core::Digest;
use ramanujan_egraph::rewrite::Right;
use ramanujan_egraph::term::Term;

use crate::theory::Theory;

/// Goes into every digest: replies of another version of the rules or of the form of replies are not found.
const VERSION: &str = concat!("saturate/2/", env!("CARGO_PKG_VERSION"));

/// The digest of what the rules, operators and settings of saturations are; terms are added to it.
pub(crate) struct Key(Digest);

impl Key {
    /// `settings` are limits and whatever else decides the reply, in one spelling.
    pub(crate) fn new(theory: &Theory, settings: &str) -> Key {
        let mut text = format!("{VERSION}\n{settings}\n");
        for operator in theory.vocabulary.signature().operators() {
            // Laws count through the rewrites that they give.
            text.push_str(&format!("{} {} {}\n", operator.symbol, operator.arity, operator.color));
        }
        for rewrite in &theory.rules.rewrites {
            let rule = &theory.rules.rules[rewrite.rule].name;
            let left = rewrite.left.print(&theory.vocabulary, &rewrite.variables);
            let right = match &rewrite.right {
                Right::Pattern(right) => right.print(&theory.vocabulary, &rewrite.variables),
                Right::Value => "its value".to_owned(),
            };
            text.push_str(&format!("{rule} {left} => {right}"));
            for condition in &rewrite.conditions {
                text.push_str(&format!(" if {}", condition.print(&rewrite.variables)));
            }
            text.push('\n');
        }
        // A rule without rewrites is in the reply as well.
        for rule in &theory.rules.rules {
            text.push_str(&format!("{}\n", rule.name));
        }
        Key(Digest::of(text.as_bytes()))
    }

    /// With a term.
    pub(crate) fn of_term(&self, theory: &Theory, term: &Term) -> Digest {
        // Equal terms may be given as lists in other orders; what is printed is the same.
        let text = term.print(&theory.vocabulary);
        Digest::of_parts([self.0.as_bytes().as_slice(), text.as_bytes()])
    }
}

/// The digest of the bytes of a request and of the settings under which it is answered.
pub(crate) fn of_bytes(settings: &str, body: &[u8]) -> Digest {
    Digest::of_parts([VERSION.as_bytes(), settings.as_bytes(), body])
}
