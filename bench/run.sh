#!/bin/sh
# run.sh BUILD - every workload, ours and the floor programs that are there, in one run, as ratios.
# Floors are the hand-written C programs of ../shared/peers (WEFT_SHARED says where else); what
# other systems take is in bench/peers.md. ROUNDS=3: each program runs so often, the best counts.
# Then the ops of bench/ops.txt, each alone.
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
peers=${WEFT_SHARED:-../shared}/peers
floors=$build/floors
rows=$build/bench.tsv
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 BENCH_SECONDS=${BENCH_SECONDS:-0.5}

say() { [ -t 2 ] && printf '\r\033[K%s' "$*" >&2; }

make_floors() {
    [ -d "$peers" ] || { echo "(no floor programs: $peers is not there)"; return; }
    mkdir -p "$floors"
    flags="-O3 -march=native -std=gnu11 -w -fno-strict-aliasing -fopenmp"
    for p in dispatch mlp_hand lenet_hand lstm_hand; do
        say "building $p"
        [ "$floors/$p" -nt "$peers/$p.c" ] ||
            gcc $flags -DUSE_DNNL -o "$floors/$p" "$peers/$p.c" -ldnnl -lm || exit 1
    done
}

run_all() {
    for threads in 1 2; do
        [ "$threads" -le "$(getconf _NPROCESSORS_ONLN)" ] || continue
        for p in dispatch mlp_hand lenet_hand lstm_hand; do
            say "round $1, $threads thread(s): $p"
            [ ! -x "$floors/$p" ] || OMP_NUM_THREADS=$threads "$floors/$p" "$threads"
        done
        say "round $1, $threads thread(s): weft"
        only=; [ "$1" = 1 ] || only=_   # growth and building once; the others every round
        "$build/bench-speed" "$threads" "$only"
    done
    "$build/bench-files"
    "$build/bench-tiny"
    "$build/bench-data"
    run_python
}

run_python() {
    say "round $1: Python"
    [ -d "$build/python/weft" ] || { echo "(no Python rows: the extension was not built)"; return; }
    PYTHONPATH=python:$build/python /usr/bin/python3 bench/python.py
}

start_ms() {
    for i in 1 2 3 4 5 6 7 8 9; do
        a=$(date +%s%N); "$build/bench-tiny" >/dev/null; b=$(date +%s%N)
        c=$(date +%s%N); /bin/true; d=$(date +%s%N)
        echo "$(((b - a) - (d - c)))"
    done | sort -n | awk 'NR == 5 { printf "weft\th_start_to_end_of_tiny_program_ms\t1\t%.3g\n", $1 / 1e6 }'
}

make_floors
for round in $(seq "${ROUNDS:-2}"); do run_all "$round"; done > "$rows"
start_ms >> "$rows"
say "a checkpoint of a gigabyte"
"$build/bench-checkpoint" "$build" >> "$rows"
say ""
awk -F '\t' -f bench/ratios.awk "$rows"
for threads in 1 2; do
    [ "$threads" -le "$(getconf _NPROCESSORS_ONLN)" ] || continue
    say "each op alone, $threads thread(s)"
    BENCH_SECONDS=0.005 "$build/bench-ops" "$threads"
done > "$rows.ops"
say ""
awk -f bench/ops.awk "$rows.ops"
