# What the scripts share: where the clone is, how they talk, which programs must be there.
# Sourced, never run. Expects `set -euo pipefail` in the caller.
# shellcheck shell=bash

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# The manifest names files below target/, so that is where they must be built whatever the user's own setting.
export CARGO_TARGET_DIR="$ROOT/target"
# shellcheck disable=SC2034  # these are used by the scripts that source this file
CACHE="${RAMANUJAN_CACHE:-${HOME:-/root}/.cache/ramanujan}"
# shellcheck disable=SC2034
WASM_TARGET="wasm32-wasip2"
# Present in the toolchain's target folder when its standard library was built from Debian's sources.
# shellcheck disable=SC2034
DEBIAN_STD_MARK="built-by-ramanujan"
# What up.sh starts, test.sh tests against and the integration tests fall back to.
# shellcheck disable=SC2034
HOST_BIN="$CARGO_TARGET_DIR/release/ramanujan"
# Recorded editing sessions, as josephg/editing-traces publishes them. A checkout beside which they lie finds them.
# shellcheck disable=SC2034
DATA="$(realpath -m "${RAMANUJAN_DATA:-$ROOT/../shared/data}")"
# The eleven crates: streams, services, interfaces. Component ids in spin.toml are the same but for one.
# shellcheck disable=SC2034
COMPONENTS=(
    stream-red stream-blue stream-green
    crdt-service egraph-service skill-verification agent-orchestrator
    duck-colors transduction-2tdx interaction-timeline dashboard
)

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
    C_STEP=$'\e[1;36m' C_WARN=$'\e[1;33m' C_BAD=$'\e[1;31m' C_OFF=$'\e[0m'
else
    C_STEP='' C_WARN='' C_BAD='' C_OFF=''
fi

# Progress goes to stderr: stdout belongs to results.
step() { printf '%s==>%s %s\n' "$C_STEP" "$C_OFF" "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }
warn() { printf '%swarning:%s %s\n' "$C_WARN" "$C_OFF" "$*" >&2; }
# die LINE [MORE LINES]: the first line says what is wrong, the others what to do.
die() {
    printf '%serror:%s %s\n' "$C_BAD" "$C_OFF" "$1" >&2
    shift
    if [ "$#" -gt 0 ]; then printf '       %s\n' "$@" >&2; fi
    exit 1
}

# usage FILE: a script's help is the comment at its top, so the two cannot drift apart.
usage() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$1"; }

# Everything that must be on the machine before cargo can do its part.
require_toolchain() {
    if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-${HOME:-/root}/.cargo}/bin/cargo" ]; then
        PATH="${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:$PATH" # a shell started before rustup was installed
    fi
    if ! command -v cargo >/dev/null 2>&1 || ! command -v rustc >/dev/null 2>&1; then
        die "cargo and rustc are not installed" \
            "Install Rust with rustup (https://rustup.rs), open a new shell and run this again."
    fi
    command -v cc >/dev/null 2>&1 || die \
        "no C compiler (cc): the host's SQLite and every native link step need one" \
        "On Debian: apt-get install build-essential"
    local need have
    need="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml" | head -n 1)"
    have="$(cd "$ROOT" && rustc --version | cut -d' ' -f2)" || die \
        "rustc does not run" "Check it with: rustc --version"
    if [ -n "$need" ] && [ "$(printf '%s\n%s\n' "$need" "${have%%-*}" | sort -V | head -n 1)" != "$need" ]; then
        die "Rust $have is too old: this needs $need or newer" "With rustup: rustup update stable"
    fi
}

# wasmtime's command line as the benchmarks want it, built once into the cache; sets WASMTIME.
ensure_wasmtime() {
    WASMTIME="$CACHE/wasmtime/bin/wasmtime"
    if [ -x "$WASMTIME" ]; then return 0; fi
    step "Building wasmtime 48 into $CACHE/wasmtime"
    CARGO_TARGET_DIR="$CACHE/wasmtime/build" cargo install wasmtime-cli --version '^48' --root "$CACHE/wasmtime" \
        --no-default-features \
        --features serve,cranelift,pooling-allocator,component-model,run,parallel-compilation,gc,gc-drc,wasi-http,component-model-async
    rm -rf "$CACHE/wasmtime/build"
}

# The program that reads and writes figures, built if need be; sets FIGURES.
ensure_figures() {
    FIGURES="$CARGO_TARGET_DIR/release/figures"
    (cd "$ROOT" && cargo build --quiet --release -p ramanujan-tests --bin figures)
}

# network_bench NAME [--quick]: what a benchmark of the running network begins with: its options, everything built.
network_bench() {
    case "${2:-}" in
        '' | --quick) ;;
        -h | --help) usage "$ROOT/scripts/bench/$1.sh"; exit 0 ;;
        *) die "unknown option $2" "See: scripts/bench.sh $1 --help" ;;
    esac
    require_toolchain
    "$ROOT/scripts/build.sh" --brief
    export RAMANUJAN_BIN="${RAMANUJAN_BIN:-$HOST_BIN}"
    cd "$ROOT" || exit
    ensure_figures
}

# show: figures, lines of JSON on stdin, as a table on stdout; to `scripts/bench.sh all`, which
# names a file for them in RAMANUJAN_FIGURES, as they are.
show() {
    local lines
    lines="$(cat)"
    if [ -n "${RAMANUJAN_FIGURES:-}" ]; then printf '%s\n' "$lines" >>"$RAMANUJAN_FIGURES"; fi
    printf '%s\n' "$lines" | "$FIGURES" table
}

# figure ROW MEASURE VALUE UNIT [PEER VALUE_OF_THE_PEER]: one figure as a line of JSON.
figure() {
    local peer=null theirs=null
    if [ "$#" -ge 6 ]; then peer="\"$5\"" theirs="$6"; fi
    printf '{"row":"%s","measure":"%s","value":%s,"unit":"%s","peer":%s,"peer_value":%s}\n' "$1" "$2" "$3" "$4" "$peer" "$theirs"
}
