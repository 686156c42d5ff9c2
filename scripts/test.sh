#!/usr/bin/env bash
# Builds what the tests need and runs all of them: unit, property and integration tests, the latter over real
# HTTP against the real host on a free port with a fresh state folder.
#
#   scripts/test.sh                    everything
#   scripts/test.sh ARGS               `cargo test ARGS`, for instance: scripts/test.sh -p ramanujan-crdt text
#   scripts/test.sh --help             this text
#
# The integration tests start the host named by RAMANUJAN_BIN (default target/release/ramanujan). The host's own
# tests run in the release profile, which shares its large dependencies with the host; all others in the dev
# profile, with overflow checks. Some tests need a tool: a browser, LLVM, or Python packages that scripts/python.sh
# installs below target/. Where it is missing they are skipped, and the last lines say which and what they want; with
# RAMANUJAN_REQUIRE_ALL=1 they fail. Recorded sessions are read from the folder RAMANUJAN_DATA; without it, generated
# ones are used. What failed is said again at the end. Outside the clone this touches only what scripts/up.sh --help names.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1:-}" in -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;; esac

require_toolchain
step "Building components and host for the integration tests"
"$ROOT/scripts/build.sh" --brief
export RAMANUJAN_BIN="${RAMANUJAN_BIN:-$HOST_BIN}"
cd "$ROOT"
scripts/python.sh --all || warn "without these packages the tests that need them are skipped"
if [ -d "$DATA" ]; then export RAMANUJAN_DATA="$DATA"; fi

# Each skipped test appends a line.
RAMANUJAN_SKIPPED_LOG="$(mktemp)"
export RAMANUJAN_SKIPPED_LOG
log="$(mktemp)"
trap 'rm -f "$RAMANUJAN_SKIPPED_LOG" "$log"' EXIT
code=0
run() { "$@" 2>&1 | tee -a "$log" || code=$?; }
if [ "$#" -gt 0 ]; then
    step "cargo test $*"
    run cargo test "$@"
else
    step "Testing the host"
    run cargo test --release -p ramanujan-host --no-fail-fast
    step "Testing everything else"
    run cargo test --workspace --exclude ramanujan-host --no-fail-fast
fi
if [ "$code" -ne 0 ]; then
    # Among thousands of lines, or where only the end of a log is kept, nobody would find it.
    step "What failed"
    awk '/^failures:$/ { shown = 1 } /^test result: / { shown = 0 } shown' "$log"
    awk '/^error(\[|: [0-9]+ targets? failed|: could not compile)/ { shown = 1; print; next } !/^    `/ { shown = 0 } shown' "$log"
fi
if [ -s "$RAMANUJAN_SKIPPED_LOG" ]; then
    sort -u "$RAMANUJAN_SKIPPED_LOG"
    # SKIPPED <test>: needs <what> (Debian: <packages>)
    printf 'Skipped tests: %s; wanted: %s\n' \
        "$(sed -n 's/^SKIPPED \([^ ]*\): needs .*/\1/p' "$RAMANUJAN_SKIPPED_LOG" | sort -u | paste -sd' ')" \
        "$(sed -n 's/.*(\(.*\))$/\1/p' "$RAMANUJAN_SKIPPED_LOG" | sort -u | paste -sd';')"
else
    echo "No test was skipped."
fi
exit "$code"
