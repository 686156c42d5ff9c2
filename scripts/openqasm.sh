#!/usr/bin/env bash
# Makes sure that the reference parser of OpenQASM 3 is in target/openqasm, a Python virtual environment: the tests of
# generated programs read them with it. Versions and digests are pinned in scripts/openqasm.txt.
#
#   scripts/openqasm.sh            does nothing if it is there
#   scripts/openqasm.sh --help     this text
#
# Needs python3 with venv (Debian: apt-get install python3-venv) and, the first time, a Python package index.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case "${1:-}" in
    '') ;;
    -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
    *) die "unknown option $1" "See: $0 --help" ;;
esac

REQUIREMENTS="$ROOT/scripts/openqasm.txt"
VENV="$CARGO_TARGET_DIR/openqasm"
if cmp -s "$REQUIREMENTS" "$VENV/installed.txt"; then exit 0; fi
command -v python3 >/dev/null 2>&1 || die "python3 is not installed" "On Debian: apt-get install python3-venv"
step "Installing the OpenQASM 3 parser into target/openqasm"
mkdir -p "$CARGO_TARGET_DIR"
python3 -m venv --clear "$VENV" || die "python3 cannot make a virtual environment" "On Debian: apt-get install python3-venv"
"$VENV/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r "$REQUIREMENTS"
cp "$REQUIREMENTS" "$VENV/installed.txt"
