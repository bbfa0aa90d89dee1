#!/usr/bin/env bash
# No script has a finding of shellcheck.
set -euo pipefail

command -v shellcheck >/dev/null || {
    echo "skipped: there is no shellcheck"
    exit 77
}
shellcheck .ci/run ./*.sh scripts/*.sh bench/*.sh tests/*.sh tests/house/*.sh
