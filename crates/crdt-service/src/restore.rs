//! The operations that lead from one value of a document to another.

use ramanujan_core::{Code, MAX_SAFE_INTEGER, Problem};
use ramanujan_crdt::value::MAX_VALUE_DEPTH;
use ramanujan_crdt::{Action, CrdtType, Edit, Json, Op};

/// The operations that lead from `from` to `to` in a document of type `crdt_type`.
///
/// # Errors
/// 422 `cannot-restore` where no agent alone can bring the value back; 422 `invalid-operation` where it is too deep or
/// too far away for an operation.
pub(crate) fn difference(crdt_type: CrdtType, from: &Json, to: &Json) -> Result<Vec<Op>, Problem> {
    let cannot = |why: &str| Err(Problem::new(Code::CannotRestore, why));
    if from == to {
        return Ok(Vec::new());
    }
    match (crdt_type, from, to) {
        (CrdtType::Text, Json::Text(from), Json::Text(to)) => Ok(text_difference(from, to)),
        (CrdtType::PnCounter, Json::Int(from), Json::Int(to)) => {
            let amount = amount(from.abs_diff(*to))?;
            Ok(vec![if to > from { Op::Increment { amount } } else { Op::Decrement { amount } }])
        }
        (CrdtType::GCounter, Json::Int(from), Json::Int(to)) if to > from => {
            Ok(vec![Op::Grow { amount: amount(from.abs_diff(*to))? }])
        }
        (CrdtType::GCounter, Json::Int(_), Json::Int(_)) => cannot("a g-counter only grows"),
        (CrdtType::OrSet, Json::List(from), Json::List(to)) => {
            let gone = from.iter().filter(|e| !to.contains(e)).map(|e| Op::Remove { element: e.clone() });
            let back = to.iter().filter(|e| !from.contains(e)).map(|e| Op::Add { element: e.clone() });
            Ok(gone.chain(back).collect())
        }
        (CrdtType::LwwRegister, _, to) => Ok(vec![Op::SetLast { value: to.clone() }]),
        (CrdtType::MvRegister, _, Json::List(values)) => match values.as_slice() {
            [one] => Ok(vec![Op::SetEach { value: one.clone() }]),
            _ => cannot("the register held several values, which no single agent can write"),
        },
        (CrdtType::TapState, _, to) => {
            let phase = to.as_text().unwrap_or_default();
            let to = phase.parse().map_err(|error: String| Problem::new(Code::InvalidOperation, error))?;
            Ok(vec![Op::Transition { to }])
        }
        (CrdtType::Json, _, to) => {
            if to.depth() > MAX_VALUE_DEPTH {
                let detail = format!("value is nested deeper than {MAX_VALUE_DEPTH} levels");
                return Err(Problem::new(Code::InvalidOperation, detail));
            }
            Ok(vec![Op::Edit(Edit { path: Vec::new(), action: Action::Set { value: to.clone() } })])
        }
        _ => cannot("the two versions have values of different kinds"),
    }
}

/// Two values may lie further apart than one operation counts.
fn amount(amount: u64) -> Result<u64, Problem> {
    if amount <= MAX_SAFE_INTEGER {
        return Ok(amount);
    }
    Err(Problem::new(Code::InvalidOperation, "value must be a whole number from 0 to 2^53-1"))
}

/// Deletes and inserts what lies between the common beginning and the common end.
fn text_difference(from: &str, to: &str) -> Vec<Op> {
    let same = |pair: &(char, char)| pair.0 == pair.1;
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let prefix = from.iter().copied().zip(to.iter().copied()).take_while(same).count();
    let rest = from.len().min(to.len()) - prefix;
    let suffix = from.iter().rev().copied().zip(to.iter().rev().copied()).take(rest).take_while(same).count();
    let position = prefix as u64;
    let mut operations = Vec::new();
    let gone = from.len() - prefix - suffix;
    if gone > 0 {
        operations.push(Op::Delete { position, length: gone as u64 });
    }
    let text: String = to[prefix..to.len() - suffix].iter().collect();
    if !text.is_empty() {
        operations.push(Op::Insert { position, text });
    }
    operations
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn apply(text: &str, op: &Op) -> String {
        let chars: Vec<char> = text.chars().collect();
        match op {
            Op::Insert { position, text } => {
                let (left, right) = chars.split_at(*position as usize);
                [left.iter().collect::<String>(), text.clone(), right.iter().collect()].concat()
            }
            Op::Delete { position, length } => {
                let gone = *position as usize..(*position + *length) as usize;
                chars.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, c)| *c).collect()
            }
            other => panic!("{} in a text", other.name()),
        }
    }

    proptest! {
        #[test]
        fn a_text_is_led_to_any_other(from in "[aé😀]{0,6}", to in "[aé😀]{0,6}") {
            let wanted = Json::Text(to.clone());
            let operations = difference(CrdtType::Text, &Json::Text(from.clone()), &wanted).unwrap();
            prop_assert!(operations.len() <= 2);
            prop_assert_eq!(operations.iter().fold(from, |text, op| apply(&text, op)), to);
        }
    }

    #[test]
    fn what_no_operation_can_do_is_refused() {
        let (least, most) = (Json::Int(-(MAX_SAFE_INTEGER as i64)), Json::Int(MAX_SAFE_INTEGER as i64));
        let refused = |crdt_type, from: &Json, to: &Json| difference(crdt_type, from, to).unwrap_err().code;
        assert_eq!(refused(CrdtType::PnCounter, &least, &most), Code::InvalidOperation);
        assert_eq!(refused(CrdtType::GCounter, &Json::Int(2), &Json::Int(1)), Code::CannotRestore);
        let deep = (0..=MAX_VALUE_DEPTH).fold(Json::Null, |value, _| Json::List(vec![value]));
        assert_eq!(refused(CrdtType::Json, &Json::Null, &deep), Code::InvalidOperation);
    }
}
