#!/usr/bin/env bash
# Fuzzes the readers of bytes from outside: all targets of fuzz/, or those named, each from its committed corpus and
# its regressions for a bounded time. Ends with 1 at a finding and says where it is and how to run it again.
#
#   scripts/fuzz.sh [--seconds N] [TARGET...]    N seconds per target (default 10; 0: only what is committed)
#   scripts/fuzz.sh --list                       the targets
#   scripts/fuzz.sh --replay TARGET FILE...      runs inputs once
#   scripts/fuzz.sh --seed                       writes the seeds of the corpora again, from the real encoders
#   scripts/fuzz.sh --help                       this text
#
# Runs on the stable toolchain: what cargo-fuzz asks of the compiler beyond it is allowed by RUSTC_BOOTSTRAP=1. New
# inputs are kept in target/fuzz/corpus, findings in target/fuzz/findings. cargo-fuzz is built once into
# ${RAMANUJAN_CACHE:-~/.cache/ramanujan}/cargo-fuzz. See docs/fuzzing.md.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

VERSION='^0.13'
# What one input may take: more is a finding. Seconds, under instrumentation and on a busy machine; MiB.
TIMEOUT=10 MEMORY=2048 ALLOCATION=1024
# Longest input that is made up: everything here is found in short ones, and those run more often.
MAX_LENGTH=4096

seconds=10 mode=fuzz targets=()
while [ "$#" -gt 0 ]; do
    case "$1" in
        -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        --seconds)
            seconds="${2:-}"
            case "$seconds" in '' | *[!0-9]*) die "--seconds takes a whole number, not '$seconds'" ;; esac
            shift
            ;;
        --list | --seed | --replay) mode="${1#--}" ;;
        -*) die "unknown option $1" "See: scripts/fuzz.sh --help" ;;
        *) targets+=("$1") ;;
    esac
    shift
done

inputs=()
if [ "$mode" = replay ]; then
    if [ "${#targets[@]}" -lt 2 ]; then die "--replay takes a target and files"; fi
    mapfile -t inputs < <(realpath -e "${targets[@]:1}")
    if [ "${#inputs[@]}" -lt $((${#targets[@]} - 1)) ]; then die "a file to replay is not there"; fi
    targets=("${targets[0]}")
fi
require_toolchain
cd "$ROOT"
mapfile -t known < <(sed -n '/^\[\[bin\]\]/{n;s/^name = "\(.*\)"/\1/p}' fuzz/Cargo.toml)
work="$CARGO_TARGET_DIR/fuzz"

case "$mode" in
    list) printf '%s\n' "${known[@]}"; exit 0 ;;
    seed) exec cargo run --quiet --manifest-path fuzz/Cargo.toml --target-dir "$work" --example seeds -- fuzz/corpus ;;
esac

# is_target NAME
is_target() {
    local name
    for name in "${known[@]}"; do if [ "$name" = "$1" ]; then return 0; fi; done
    return 1
}
if [ "${#targets[@]}" -eq 0 ]; then targets=("${known[@]}"); fi
for target in "${targets[@]}"; do
    is_target "$target" || die "there is no target $target" "See: scripts/fuzz.sh --list"
done

command -v c++ >/dev/null 2>&1 || die "no C++ compiler (c++): libFuzzer needs one" \
    "On Debian: apt-get install build-essential"
if [ ! -x "$CACHE/cargo-fuzz/bin/cargo-fuzz" ]; then
    step "Building cargo-fuzz into $CACHE/cargo-fuzz"
    CARGO_TARGET_DIR="$CACHE/cargo-fuzz/build" cargo install cargo-fuzz --locked --version "$VERSION" --root "$CACHE/cargo-fuzz"
    rm -rf "$CACHE/cargo-fuzz/build"
fi
# Address sanitizer: our code is safe, but ropes, maps and checksums below it are not.
step "Building the targets"
RUSTC_BOOTSTRAP=1 "$CACHE/cargo-fuzz/bin/cargo-fuzz" fuzz build --fuzz-dir fuzz --target-dir "$work" --sanitizer address
built="$work/$(rustc -vV | sed -n 's/^host: //p')/release"

# go TARGET ARGS: runs a target; its findings go to their folder.
go() {
    local target="$1"
    shift
    mkdir -p "$work/findings/$target" "$work/corpus/$target"
    ASAN_OPTIONS="detect_odr_violation=0:allocator_may_return_null=0" \
        "$built/$target" -artifact_prefix="$work/findings/$target/" -timeout="$TIMEOUT" -rss_limit_mb="$MEMORY" \
        -malloc_limit_mb="$ALLOCATION" "$@"
}

if [ "$mode" = replay ]; then
    go "${targets[0]}" "${inputs[@]}"
    exit
fi
log="$work/log"
for target in "${targets[@]}"; do
    step "$target"
    # The first folder takes what is new, the others are only read; a run of no time ends after reading them.
    length=(-max_total_time="$seconds")
    if [ "$seconds" -eq 0 ]; then length=(-runs=0); fi
    folders=("$work/corpus/$target" "fuzz/corpus/$target")
    mkdir -p "${folders[@]}"
    if [ -d "fuzz/regressions/$target" ]; then folders+=("fuzz/regressions/$target"); fi
    if ! go "$target" "${length[@]}" -max_len="$MAX_LENGTH" -print_final_stats=1 "${folders[@]}" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        finding="$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)"
        die "$target has a finding${finding:+: $finding}" \
            "Run it again: scripts/fuzz.sh --replay $target ${finding:-FILE}" \
            "Once mended, keep it: cp ${finding:-FILE} fuzz/regressions/$target/"
    fi
    note "$(sed -n 's/^stat::number_of_executed_units: */inputs: /p; s/^stat::peak_rss_mb: */peak MiB: /p' "$log" | paste -sd' ')"
done
