#!/usr/bin/env bash
# Builds the release and measures it: against bare sockets and bare OpenSSL, which is as fast as this
# machine goes, and against other generators when they are on PATH.
#
# usage: bench/run.sh [--runs N] [--seconds N] [--quick] [--only ROW]... [--out FILE]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
scripts/install.sh build bench
cmake --preset release -DWSLOAD_BENCH=ON >/dev/null
cmake --build --preset release >/dev/null
exec python3 bench/run.py --build build/release "$@"
