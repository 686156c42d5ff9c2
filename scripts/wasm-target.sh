#!/usr/bin/env bash
# Makes sure that the installed Rust toolchain can build for wasm32-wasip2.
#
#   scripts/wasm-target.sh            add the target where it is missing; silent when it is there
#   scripts/wasm-target.sh --debian   skip rustup, build the standard library from Debian's source package
#   scripts/wasm-target.sh --remove   take away what the Debian route put into the toolchain
#
# Two routes, tried in this order:
#   1. `rustup target add wasm32-wasip2`, given up after RAMANUJAN_RUSTUP_TIMEOUT seconds (90).
#   2. Debian: the source package of exactly the installed Rust version and wasi-libc are taken from the
#      mirror that apt is configured with, the standard library is built from them (about half a minute on
#      two cores) and copied into the toolchain. Nothing is installed system-wide.
#
# Outside the clone this touches only the toolchain's lib/rustlib/wasm32-wasip2 and the cache folder
# ${RAMANUJAN_CACHE:-~/.cache/ramanujan}.
#
# RAMANUJAN_TRUST_MIRROR=1 accepts a mirror whose archive signature this machine has no key for.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Where a Rust version is looked for: most likely first. In the security archive the package has another name.
SUITES=(trixie-backports forky sid trixie experimental bookworm-security)
APT_HELPER=/usr/lib/apt/apt-helper

mode=auto
case "${1:-}" in
    '') ;;
    --debian) mode=debian ;;
    --remove) mode=remove ;;
    -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
    *) die "unknown option $1" "See: $0 --help" ;;
esac

require_toolchain
cd "$ROOT"
SYSROOT="$(rustc --print sysroot)"
TARGET_DIR="$SYSROOT/lib/rustlib/$WASM_TARGET"
# Left by the Debian route: names the compiler the library was built by, so that a toolchain update shows.
MARK="$TARGET_DIR/$DEBIAN_STD_MARK"

compiler_id() { rustc --version --verbose; }

present() {
    compgen -G "$TARGET_DIR/lib/libstd-*.rlib" >/dev/null || return 1
    [ ! -e "$MARK" ] || [ "$(cat "$MARK")" = "$(compiler_id)" ]
}

if [ "$mode" = remove ]; then
    [ -e "$MARK" ] || die "$TARGET_DIR was not put there by this script" "With rustup: rustup target remove $WASM_TARGET"
    rm -rf "$TARGET_DIR"
    note "removed $TARGET_DIR (the cache $CACHE can be deleted too)"
    exit 0
fi
if [ "$mode" = auto ] && present; then exit 0; fi

# ---- route 1: rustup ------------------------------------------------------------------------------------
if [ -e "$MARK" ]; then
    step "The compiler changed since the standard library for $WASM_TARGET was built: replacing it"
    rm -rf "$TARGET_DIR"
fi
if [ "$mode" = auto ] && command -v rustup >/dev/null 2>&1; then
    limit="${RAMANUJAN_RUSTUP_TIMEOUT:-90}"
    step "Adding $WASM_TARGET to the Rust toolchain with rustup (at most $limit s)"
    if RUST_BACKTRACE=0 timeout "$limit" rustup target add "$WASM_TARGET" >&2 && present; then exit 0; fi
    warn "rustup could not add the target; building it from Debian's source package instead"
fi

# ---- route 2: Debian ------------------------------------------------------------------------------------
version="$(rustc --version | cut -d' ' -f2)"
ways_out=(
    "Two ways out:"
    "  1. with access to the Rust distribution server:  rustup target add $WASM_TARGET"
    "  2. with a mirror of Debian: install a Rust version that Debian has the sources of, then run this again"
)
if [ -e "$TARGET_DIR/lib" ] && [ "$mode" = debian ]; then
    die "$TARGET_DIR is there already" "Two copies of the standard library cannot live side by side: remove that one first."
fi
if ! [ -x "$APT_HELPER" ] || ! command -v dpkg-deb >/dev/null 2>&1; then
    die "target $WASM_TARGET is missing, and this is no Debian system, so it cannot be built from Debian's sources" \
        "${ways_out[@]}"
fi
[ -w "$SYSROOT/lib/rustlib" ] || die \
    "target $WASM_TARGET is missing and $SYSROOT/lib/rustlib is not writable for $(id -un)" "${ways_out[@]}"

mkdir -p "$CACHE/debian"
exec 9>"$CACHE/wasm-target.lock"
flock 9 # two set-ups at once would copy over each other
if present; then exit 0; fi

# fetch URL FILE: through apt's own transport, so that its proxy, certificates and credentials apply.
fetch() {
    rm -f "$2"
    "$APT_HELPER" -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=15 \
        -o Acquire::https::Timeout=15 download-file "$1" "$2" >"$CACHE/fetch.log" 2>&1
}
sha256_is() { [ "$(sha256sum "$2" | cut -d' ' -f1)" = "$1" ]; }

# Archives as apt would read them now, "BASE RELEASE" per line. Asked of the sources, not of the downloaded
# lists: a fresh system has none yet. Third parties use Debian's release names too, hence `/debian` first.
sites="$(apt-get update --print-uris 2>/dev/null | sed -n "s#^'\(.*\)/dists/\([^']*\)/main/binary-[^/]*/Packages.*#\1 \2#p" |
    awk '{ print ($1 ~ /\/debian$/ ? 0 : 1), $0 }' | sort -s -k1,1 | cut -d' ' -f2- | awk '!seen[$0]++')" || sites=''
# shellcheck source=/dev/null
codename="$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-bookworm}")"
pick_site() { awk -v want="$1" '$2 == want { print $1; exit }' <<<"$sites"; }
# A base may be a file that lists mirrors: its first entry will do.
resolve_site() {
    case "$1" in
        mirror+file:*) awk 'NF && !/^#/ { print $1; exit }' "/${1#mirror+file:/}" ;;
        *) printf '%s\n' "$1" ;;
    esac
}
base="$(pick_site "$codename")"
[ -n "$base" ] || base="$(pick_site stable)"
[ -n "$base" ] || base="$(awk '$2 !~ /security/ { print $1; exit }' <<<"$sites")"
base="$(resolve_site "$base")"
base="${base%/}"
[ -n "$base" ] || die "apt has no Debian archive configured, so there is nowhere to get Rust's sources from" "${ways_out[@]}"
security="$(resolve_site "$(pick_site bookworm-security)")"
[ -n "$security" ] || security="$base-security"
security="${security%/}"
arch="$(dpkg --print-architecture)"
case "$base" in
    http://* | https://* | file:* | copy:*) ;;
    *) die "apt's archive address '$base' is of a kind this script cannot read" "${ways_out[@]}" ;;
esac
archive_of() { case "$1" in *-security) printf '%s' "$security" ;; *) printf '%s' "$base" ;; esac; }

# index SUITE: path of the suite's decompressed, signature-checked package index. Fails when it has none.
index() {
    local suite="$1" at dir hash got keys=()
    at="$(archive_of "$suite")/dists/$suite"
    dir="$CACHE/debian/$suite"
    mkdir -p "$dir"
    fetch "$at/InRelease" "$dir/InRelease" || return 1
    for got in /usr/share/keyrings/debian-archive-keyring.gpg /etc/apt/trusted.gpg.d/*.gpg; do
        if [ -s "$got" ]; then keys+=(--keyring "$got"); fi
    done
    if [ "${RAMANUJAN_TRUST_MIRROR:-0}" != 1 ] && ! gpgv "${keys[@]}" "$dir/InRelease" >/dev/null 2>"$CACHE/gpgv.log"; then
        warn "$at is not signed by a key of this machine: skipped (RAMANUJAN_TRUST_MIRROR=1 uses it all the same)"
        return 1
    fi
    hash="$(awk -v f="main/binary-$arch/Packages.xz" '/^SHA256:/ { s = 1; next } /^[^ ]/ { s = 0 } s && $3 == f { print $1; exit }' "$dir/InRelease")"
    [ -n "$hash" ] || return 1
    # By hash first: it cannot be newer or older than the signed list, however the mirror caches.
    fetch "$at/main/binary-$arch/by-hash/SHA256/$hash" "$dir/Packages.xz" ||
        fetch "$at/main/binary-$arch/Packages.xz" "$dir/Packages.xz" || return 1
    sha256_is "$hash" "$dir/Packages.xz" || { warn "$at: the package index does not match its checksum"; return 1; }
    "$APT_HELPER" cat-file "$dir/Packages.xz" >"$dir/Packages" || return 1
    rm -f "$dir/Packages.xz"
    printf '%s\n' "$dir/Packages"
}

# stanzas PACKAGE INDEX: "VERSION FILENAME SHA256" per version of the package.
stanzas() {
    awk -v want="$1" '
        function out() { if (name == want) print version, file, sum; name = version = file = sum = "" }
        /^Package: / { name = $2 } /^Version: / { version = $2 } /^Filename: / { file = $2 } /^SHA256: / { sum = $2 }
        /^$/ { out() } END { out() }' "$2"
}

# package SUITE "VERSION FILENAME SHA256": the file, downloaded unless an intact copy is in the cache.
package() {
    local suite="$1" file sum deb
    read -r _ file sum <<<"$2"
    deb="$CACHE/debian/$(basename "$file")"
    if ! { [ -s "$deb" ] && sha256_is "$sum" "$deb"; }; then
        note "downloading $(basename "$file") ($suite)"
        fetch "$(archive_of "$suite")/$file" "$deb" || die "download failed: $(archive_of "$suite")/$file" "$(tail -n 2 "$CACHE/fetch.log")"
        sha256_is "$sum" "$deb" || { rm -f "$deb"; die "$(basename "$file") does not match the checksum of the package index"; }
    fi
    printf '%s\n' "$deb"
}

step "Building the standard library for $WASM_TARGET from Debian's sources of Rust $version"
note "mirror $base, cache $CACHE"
src_suite='' src_stanza='' libc_suite='' libc_stanza='' seen='' reached=0
for suite in "${SUITES[@]}"; do
    case "$suite" in *-security) name=rust-web-src ;; *) name=rust-src ;; esac
    packages="$(index "$suite")" || { note "$suite: no index to be had"; continue; }
    reached=$((reached + 1))
    if [ -z "$src_stanza" ]; then
        found="$(stanzas "$name" "$packages")"
        seen+="$(awk '{ sub(/^[0-9]+:/, "", $1); sub(/[+~-].*/, "", $1); print $1 }' <<<"$found")"$'\n'
        src_stanza="$(awk -v v="$version" '{ w = $1; sub(/^[0-9]+:/, "", w); c = substr(w, length(v) + 1, 1) }
            index(w, v) == 1 && (c == "+" || c == "-" || c == "~") { print; exit }' <<<"$found")"
        if [ -n "$src_stanza" ]; then src_suite="$suite"; fi
        note "$suite: $(if [ -n "$src_stanza" ]; then echo "has Rust $version"; else echo "not Rust $version"; fi)"
    fi
    if [ -z "$libc_stanza" ]; then
        libc_stanza="$(stanzas wasi-libc "$packages" | sort -V | tail -n 1)"
        if [ -n "$libc_stanza" ]; then libc_suite="$suite"; fi
    fi
    if [ -n "$src_stanza" ] && [ -n "$libc_stanza" ]; then break; fi
done
if [ "$reached" = 0 ]; then
    die "target $WASM_TARGET is missing and the Debian mirror $base could not be read" "$(tail -n 2 "$CACHE/fetch.log")" "${ways_out[@]}"
fi
if [ -z "$src_stanza" ]; then
    die "Debian has no source package of Rust $version (looked in: ${SUITES[*]})" "${ways_out[@]}" \
        "     there now: $(sort -Vu <<<"$seen" | awk 'NF' | paste -sd' ')"
fi
[ -n "$libc_stanza" ] || die "Debian's wasi-libc was found in none of: ${SUITES[*]}" "${ways_out[@]}"

src_deb="$(package "$src_suite" "$src_stanza")"
libc_deb="$(package "$libc_suite" "$libc_stanza")"
tree="$CACHE/debian/rust-$version"
rm -rf "$tree"
mkdir -p "$tree"
dpkg-deb -x "$src_deb" "$tree"
dpkg-deb -x "$libc_deb" "$tree"
library="$(find "$tree/usr/src" -maxdepth 2 -type d -name library | head -n 1)"
libc_dir="$tree/usr/lib/$WASM_TARGET"
[ -d "$library" ] || die "$(basename "$src_deb") has no library folder" "${ways_out[@]}"
[ -s "$libc_dir/libc.a" ] || die "$(basename "$libc_deb") is too old: it has no $WASM_TARGET" "${ways_out[@]}"

build="$CACHE/std-$version"
rm -rf "$build"
mkdir -p "$build/src"
printf '[package]\nname = "nothing"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n' >"$build/Cargo.toml"
printf '#![no_std]\n' >"$build/src/lib.rs"
note "compiling core, alloc, std, test and proc_macro"
# Bitcode must be embedded, or fat LTO of the components finds none in the library. Remapped paths make the
# components the same bytes wherever the cache is, and as long as with rustup's library.
flags=(-Cembed-bitcode=yes "--remap-path-prefix=$(dirname "$library")=/rustc/$version"
    "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=/rust/deps")
(
    cd "$build"
    unset CARGO_TARGET_DIR CARGO_BUILD_TARGET RUSTFLAGS RUSTC_WRAPPER CARGO_INCREMENTAL
    RUSTC_BOOTSTRAP=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 __CARGO_TESTS_ONLY_SRC_ROOT="$library" \
        CARGO_ENCODED_RUSTFLAGS="$(printf '%s\x1f' "${flags[@]}" | head -c -1)" \
        cargo build --release --target "$WASM_TARGET" --target-dir "$build/target" \
        -Zbuild-std=std,panic_abort,panic_unwind,test,proc_macro -Zbuild-std-features= >&2
) || die "the standard library did not build; its sources are in $library" "${ways_out[@]}"

# Staged beside its place and moved in one step: an interrupted copy must not look like a toolchain.
stage="$SYSROOT/lib/rustlib/.$WASM_TARGET.new"
rm -rf "$stage" "$TARGET_DIR"
mkdir -p "$stage/lib/self-contained"
find "$build/target/$WASM_TARGET/release/deps" -name '*.rlib' ! -name 'libnothing-*' -exec cp -t "$stage/lib" {} +
cp -t "$stage/lib/self-contained" "$libc_dir/libc.a" "$libc_dir/crt1-command.o" "$libc_dir/crt1-reactor.o"
compiler_id >"$stage/$(basename "$MARK")"
mv "$stage" "$TARGET_DIR"
rm -rf "$build" "$tree"
present || die "the built library was not taken by $SYSROOT" "${ways_out[@]}"
# What was compiled against another copy of std must go (two copies of core: E0464).
rm -rf "${CARGO_TARGET_DIR:?}/$WASM_TARGET"
step "Done: $TARGET_DIR (scripts/wasm-target.sh --remove takes it away; sources cached in $CACHE)"
