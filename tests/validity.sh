#!/usr/bin/env bash
# Builds the release and tries wsload's judgement of itself: false alarms and true ones, each many
# times, alone and beside a busy loop. Some 15 minutes on a quiet machine, and so in no test run.
#
# usage: tests/validity.sh [--runs N] [--only CASE]...
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
scripts/install.sh build
cmake --preset release >/dev/null
cmake --build --preset release >/dev/null
exec python3 tests/validity.py --wsload build/release/wsload "$@"
