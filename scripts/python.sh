#!/usr/bin/env bash
# Makes sure that a set of Python packages that tests need is in target/python/NAME, a virtual environment. Versions
# and digests are pinned in scripts/python/NAME.txt.
#
#   scripts/python.sh NAME         does nothing if it is there; NAME is one of scripts/python/*.txt
#   scripts/python.sh --all        every one of them
#   scripts/python.sh --help       this text
#
# Needs python3 with venv (Debian: apt-get install python3-venv) and, the first time, a Python package index.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

names=()
for file in "$ROOT"/scripts/python/*.txt; do names+=("$(basename "$file" .txt)"); done
case "${1:-}" in
    --all) chosen=("${names[@]}") ;;
    -h | --help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
    *)
        [[ " ${names[*]} " == *" ${1:-} "* ]] || die "no set of packages is called ${1:-(nothing)}" "One of: ${names[*]}"
        chosen=("$1")
        ;;
esac

for name in "${chosen[@]}"; do
    requirements="$ROOT/scripts/python/$name.txt"
    venv="$CARGO_TARGET_DIR/python/$name"
    if cmp -s "$requirements" "$venv/installed.txt"; then continue; fi
    command -v python3 >/dev/null 2>&1 || die "python3 is not installed" "On Debian: apt-get install python3-venv"
    step "Installing Python packages into target/python/$name"
    mkdir -p "$CARGO_TARGET_DIR/python"
    python3 -m venv --clear "$venv" || die "python3 cannot make a virtual environment" "On Debian: apt-get install python3-venv"
    # A set lists all it needs: what a package would like besides (a deep-learning framework, say) is left out.
    "$venv/bin/pip" install --quiet --no-deps --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r "$requirements"
    cp "$requirements" "$venv/installed.txt"
done
