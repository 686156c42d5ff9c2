use ramanujan_house::circles::check;
use ramanujan_house::tree::Kind;

use crate::sample;

/// The files of each circle, below `src/`.
fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let findings = check(&sample(Kind::Other, files));
    let inside = |what: &str| what.split(['(', ')']).nth(1).unwrap_or_default().to_owned();
    findings.iter().map(|finding| inside(&finding.what)).collect()
}

#[test]
fn two_files_that_use_each_other() {
    let found = check(&sample(
        Kind::Other,
        &[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "\nuse crate::b::Two;\npub struct One(Two);"),
            ("b.rs", "pub struct Two;\npub fn make() -> super::a::One { todo!() }"),
        ],
    ));
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((finding.path.as_str(), finding.line), ("crates/one/src/a.rs", 2));
    let way = "a.rs:2 uses crate::b::Two of b.rs, b.rs:2 uses super::a::One of a.rs";
    assert!(finding.what.contains(way), "{finding}");
}

#[test]
fn a_line_is_no_circle() {
    let files = [
        ("lib.rs", "mod a;\nmod b;"),
        ("a.rs", "use crate::b;\nfn f() { b::g() }"),
        ("b.rs", "pub fn g() {}"),
    ];
    assert_eq!(circles(&files), [""; 0]);
}

#[test]
fn every_way_to_name_a_module_counts() {
    for body in [
        "use crate::b::g;",
        "use super::b::{g as h};",
        "use crate::b::*;",
        "use crate::{b};\nfn f() { b::g() }",
        "use crate::b as other;\nfn f() { other::g() }",
        "fn f() { crate::b::g() }",
        "fn f() { use crate::b::g; g() }",
        "fn f() { println!(\"{}\", crate::b::g()) }",
        "#[serde(with = \"crate::b::g\")]\nstruct S;",
        "mod inner { use super::super::b::g; }",
        "impl crate::b::T for u8 {}",
        "use crate::g;",
        "use super::again::g;",
    ] {
        let files = [
            ("lib.rs", "mod a;\nmod b;\npub use b::g;\nmod again { pub use crate::b::*; }"),
            ("a.rs", body),
            ("b.rs", "pub trait T {}\npub fn g() { crate::a::f() }"),
        ];
        let a = format!("pub fn f() {{}}\n{body}").replace("fn f() {}\nfn f", "fn f");
        let files = [files[0], ("a.rs", a.as_str()), files[2]];
        assert_eq!(circles(&files), ["a.rs b.rs"], "{body}");
    }
}

#[test]
fn a_parent_may_declare_and_hand_on() {
    let child = "use super::Whole;\npub struct Part;\nimpl Whole { pub fn part(&self) {} }";
    let files = [
        ("lib.rs", "mod text;"),
        ("text/mod.rs", "mod part;\npub use part::Part;\npub struct Whole;"),
        ("text/part.rs", child),
    ];
    assert_eq!(circles(&files), [""; 0]);
    // Its own code names what it hands on.
    let files =
        [files[0], ("text/mod.rs", "mod part;\npub use part::Part;\npub struct Whole(Part);"), files[2]];
    assert_eq!(circles(&files), ["text/mod.rs text/part.rs"]);
}

#[test]
fn a_name_belongs_to_the_file_that_defines_it() {
    // `b` takes from the parent what the parent has from `a`.
    let files = [
        ("lib.rs", "mod a;\nmod b;\npub use a::One;"),
        ("a.rs", "pub struct One;"),
        ("b.rs", "use crate::One;\npub fn f(_: One) {}"),
    ];
    assert_eq!(circles(&files), [""; 0]);
    let back = [files[0], ("a.rs", "use crate::b::f;\npub struct One;"), files[2]];
    assert_eq!(circles(&back), ["a.rs b.rs"]);
}

#[test]
fn a_module_and_a_function_of_one_name() {
    let files = [
        ("lib.rs", "mod apply;\nmod b;\npub use apply::apply;"),
        ("apply.rs", "pub fn apply() {}\npub fn more() {}"),
        ("b.rs", "fn f() { crate::apply(); crate::apply::more() }"),
    ];
    assert_eq!(circles(&files), [""; 0]);
}

#[test]
fn tests_may_look_anywhere() {
    for test in [
        "#[cfg(test)]\nmod tests { use crate::a::f; }",
        "#[cfg(all(test, unix))]\nuse crate::a::f;",
        "#[test]\nfn t() { crate::a::f() }",
        "/// Like [`crate::a::f`].\npub struct S;",
    ] {
        let b = format!("pub fn g() {{}}\n{test}");
        let files =
            [("lib.rs", "mod a;\nmod b;"), ("a.rs", "pub fn f() { crate::b::g() }"), ("b.rs", b.as_str())];
        assert_eq!(circles(&files), [""; 0], "{test}");
    }
    let files = [
        ("lib.rs", "mod a;\nmod b;"),
        ("a.rs", "pub fn f() { crate::b::g() }"),
        ("b.rs", "pub fn g() {}\n#[cfg(not(test))]\nuse crate::a::f;"),
    ];
    assert_eq!(circles(&files), ["a.rs b.rs"]);
}

#[test]
fn a_longer_circle_is_one_finding() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;"),
        ("a.rs", "use crate::b::B;\npub struct A;"),
        ("b.rs", "use crate::c::C;\npub struct B;"),
        ("c.rs", "use crate::a::A;\npub struct C;"),
        ("d.rs", "use crate::a::A;"),
    ];
    assert_eq!(circles(&files), ["a.rs b.rs c.rs"]);
}
