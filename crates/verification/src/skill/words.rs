//! Words in names and texts: cutting them out, comparing them, and those that speak of danger or of a guard.

/// Words that name a capability which destroys, executes, pays, discloses or changes rights. Compared by stem.
const DANGEROUS: &[&str] = &[
    "delete",
    "remove",
    "erase",
    "drop",
    "destroy",
    "purge",
    "wipe",
    "truncate",
    "overwrite",
    "format",
    "execute",
    "exec",
    "run",
    "eval",
    "shell",
    "command",
    "sudo",
    "kill",
    "terminate",
    "shutdown",
    "transfer",
    "pay",
    "payment",
    "purchase",
    "withdraw",
    "refund",
    "grant",
    "revoke",
    "password",
    "credential",
    "secret",
    "deploy",
    "publish",
    "send",
    "email",
    "unlock",
    "disable",
];

/// Names of input properties that let the caller hold back or confirm.
const GUARD_PROPERTIES: &[&str] = &[
    "confirm",
    "confirmed",
    "confirmation",
    "dryrun",
    "approve",
    "approved",
    "approval",
    "approver",
    "simulate",
    "preview",
    "allowlist",
    "sandbox",
];

/// Words of a description that promise a guard.
const GUARD_WORDS: &[&str] = &[
    "confirm",
    "confirms",
    "confirmed",
    "confirmation",
    "approve",
    "approved",
    "approval",
    "dry",
    "sandbox",
    "sandboxed",
    "reversible",
    "undo",
    "undone",
    "allowlist",
    "permission",
    "authorisation",
    "authorization",
    "readonly",
    "simulate",
    "simulates",
    "preview",
];

/// Words that say nothing about a skill.
const EMPTY: &[&str] =
    &["the", "and", "for", "with", "from", "into", "tool", "skill", "function", "that", "this", "get"];

/// Words of a text or of a name in any of the usual spellings (`snake_case`, `kebab-case`, `camelCase`), lower case.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower_before = false;
    for c in text.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && lower_before) {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        lower_before = c.is_lowercase() || c.is_numeric();
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// Those that say something.
pub(super) fn telling(text: &str) -> Vec<String> {
    let mut words = words(text);
    words.retain(|word| word.chars().count() > 2 && !EMPTY.contains(&word.as_str()));
    words
}

/// Whether two words have the same stem: equal up to an ending of at most four letters, after at least four letters (or
/// all of the shorter one) in common.
pub(super) fn same_stem(a: &str, b: &str) -> bool {
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let (shorter, longer) =
        (a.chars().count().min(b.chars().count()), a.chars().count().max(b.chars().count()));
    common >= shorter.clamp(3, 4).max(shorter.saturating_sub(2)) && longer - common <= 4
}

/// The dangerous word that this one is, if it is one, in any of its forms (deletes, deleted, deleting).
pub(super) fn dangerous(word: &str) -> Option<&'static str> {
    let form = |of: &&&str| match (of.strip_suffix('e'), word.strip_prefix(**of)) {
        _ if word == **of => true,
        (Some(stem), _) => word.strip_prefix(stem).is_some_and(|end| ["es", "ed", "ing"].contains(&end)),
        (None, Some(end)) => {
            // The last letter may be doubled: dropped, running.
            let doubled = of.chars().next_back().and_then(|last| end.strip_prefix(last));
            ["s", "es", "ed", "ing"].contains(&end) || doubled.is_some_and(|end| ["ed", "ing"].contains(&end))
        }
        (None, None) => false,
    };
    DANGEROUS.iter().find(form).copied()
}

/// Whether an input property of that name is a guard.
pub(super) fn is_guard_property(name: &str) -> bool {
    let joined = words(name).concat();
    GUARD_PROPERTIES.iter().any(|guard| joined.starts_with(guard) || joined.ends_with(guard))
}

/// Whether a word of a description promises a guard.
pub(super) fn is_guard_word(word: &str) -> bool {
    GUARD_WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_any_spelling() {
        for name in ["convert_currency_2", "convert-currency-2", "convertCurrency 2", "Convert.Currency_2"] {
            assert_eq!(words(name), ["convert", "currency", "2"], "{name}");
        }
    }

    #[test]
    fn stems_are_compared() {
        for (a, b) in [
            ("convert", "converts"),
            ("currency", "currencies"),
            ("translate", "translation"),
            ("run", "runs"),
        ] {
            assert!(same_stem(a, b), "{a} {b}");
        }
        for (a, b) in [("convert", "contact"), ("run", "rust"), ("file", "final"), ("city", "citation")] {
            assert!(!same_stem(a, b), "{a} {b}");
        }
    }

    #[test]
    fn danger_is_found_in_its_forms_and_not_in_other_words() {
        for word in ["delete", "deletes", "deleted", "deleting", "exec", "running", "dropped"] {
            assert!(dangerous(word).is_some(), "{word}");
        }
        for word in ["runner", "rune", "format1", "payload", "sender", "killer"] {
            assert_eq!(dangerous(word), None, "{word}");
        }
    }
}
