#!/usr/bin/env bash
# Simulates sites that exchange deltas, in virtual time and with every fault, and says at which seed something did not
# hold. The fixed seeds are among the tests of ramanujan-sync; this runs others.
#
#   scripts/simulate.sh [--seeds N] [--first N] [--sites N]    N seeds (default 100) from the first (default 0)
#   scripts/simulate.sh --seed N [--sites N]                   one seed again
#   scripts/simulate.sh --help                                 this text
#
# There are 9 (default), 17 or 48 sites, joined along the Ramanujan graphs of that order. Ends with 1 at the first failure,
# which is shrunk; docs/sync.md says what must hold.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# whole NAME VALUE: the value, if it is a whole number.
whole() {
    case "$2" in '' | *[!0-9]*) die "$1 takes a whole number, not '$2'" "See: scripts/simulate.sh --help" ;; esac
    printf '%s' "$2"
}

seeds=100 first=0 sites=9
while [ "$#" -gt 0 ]; do
    case "$1" in
        -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        --seeds) seeds="$(whole "$1" "${2:-}")"; shift ;;
        --first) first="$(whole "$1" "${2:-}")"; shift ;;
        --seed) first="$(whole "$1" "${2:-}")" seeds=1; shift ;;
        --sites) sites="$(whole "$1" "${2:-}")"; shift ;;
        *) die "unknown option $1" "See: scripts/simulate.sh --help" ;;
    esac
    shift
done
case "$sites" in 9 | 17 | 48) ;; *) die "--sites takes 9, 17 or 48, not $sites" ;; esac

require_toolchain
cd "$ROOT"
export SIMULATE_SEEDS="$seeds" SIMULATE_FIRST="$first" SIMULATE_SITES="$sites"
exec cargo test --release --quiet -p ramanujan-sync --test sim -- --exact --nocapture sites_converge_whatever_happens
