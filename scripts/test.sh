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
# profile, with overflow checks. The browser test needs chromium, the tests of generated code need LLVM (Debian:
# llvm) and some tests Python packages, which scripts/python.sh installs below target/; they say so where one is missing.
# Outside the clone this touches only what scripts/up.sh --help names.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1:-}" in -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;; esac

require_toolchain
step "Building components and host for the integration tests"
"$ROOT/scripts/build.sh" --brief
export RAMANUJAN_BIN="${RAMANUJAN_BIN:-$HOST_BIN}"
cd "$ROOT"
scripts/python.sh --all || warn "without these packages the tests that need them will fail"

if [ "$#" -gt 0 ]; then
    step "cargo test $*"
    exec cargo test "$@"
fi
step "Testing the host"
cargo test --release -p ramanujan-host --no-fail-fast
step "Testing everything else"
exec cargo test --workspace --exclude ramanujan-host --no-fail-fast
