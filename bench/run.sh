#!/usr/bin/env bash
# Builds the release and measures it against the floor: how many messages a second one worker moves,
# next to a bare epoll client that does the same without any library.
#
# usage: bench/run.sh [--runs N] [--seconds N] [--out FILE]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
scripts/install.sh build bench
cmake --preset release -DWSLOAD_BENCH=ON >/dev/null
cmake --build --preset release >/dev/null
exec python3 bench/closed_loop.py --build build/release "$@"
