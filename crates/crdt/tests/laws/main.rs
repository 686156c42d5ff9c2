//! The laws of every type, over random concurrent histories.
//!
//! `world` runs replicas that write, lose, reorder and repeat messages, join states and are cut off from each other;
//! `operations` decides what they write; `laws` checks what must hold of the states that they end in; `models` says
//! what each type means, from the set of operations alone; `json_model` does so for JSON documents; `restore` leads from
//! any version to any other; `fleet` has the laws of states that thousands of agents wrote to.
//!
//! Every test but those of `fleet` runs 10,000 histories, or as many as `RAMANUJAN_LAW_CASES` says.

mod fleet;
mod json_model;
mod laws;
mod models;
mod operations;
mod restore;
mod world;

use proptest::prelude::*;
use ramanujan_crdt::CrdtType;

use crate::operations::Focus;
use crate::world::{World, steps};

fn config() -> ProptestConfig {
    let cases = std::env::var("RAMANUJAN_LAW_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(10_000), failure_persistence: None, ..ProptestConfig::default() }
}

macro_rules! laws_of {
    ($($name:ident: $crdt_type:expr, $focus:expr, $length:expr;)*) => {
        $(
            mod $name {
                use super::*;

                proptest! {
                    #![proptest_config(config())]

                    #[test]
                    fn hold(steps in steps($length)) {
                        laws::check(&World::run($crdt_type, $focus, &steps))?;
                    }

                    #[test]
                    fn it_means_what_the_model_says(steps in steps($length)) {
                        models::check(&World::run($crdt_type, $focus, &steps))?;
                    }

                    #[test]
                    fn what_was_comes_back(steps in steps($length), choice in restore::choice()) {
                        restore::check(&World::run($crdt_type, $focus, &steps), &choice)?;
                    }

                    #[test]
                    fn what_is_read_is_canonical(steps in steps($length), forgery in any::<laws::Forgery>()) {
                        laws::check_forged(&World::run($crdt_type, $focus, &steps), &forgery)?;
                    }
                }

                #[test]
                fn hold_of_a_fleet() {
                    fleet::check($crdt_type, $focus);
                }
            }
        )*
    };
}

laws_of! {
    g_counter: CrdtType::GCounter, Focus::All, 12;
    pn_counter: CrdtType::PnCounter, Focus::All, 12;
    or_set: CrdtType::OrSet, Focus::All, 14;
    lww_register: CrdtType::LwwRegister, Focus::All, 12;
    mv_register: CrdtType::MvRegister, Focus::All, 12;
    tap_state: CrdtType::TapState, Focus::All, 12;
    max_register: CrdtType::MaxRegister, Focus::All, 12;
    ew_flag: CrdtType::EwFlag, Focus::All, 14;
    json: CrdtType::Json, Focus::All, 12;
    json_text: CrdtType::Json, Focus::Text, 16;
    json_list: CrdtType::Json, Focus::List, 14;
    json_number: CrdtType::Json, Focus::Number, 14;
}
