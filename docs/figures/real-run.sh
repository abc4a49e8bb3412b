#!/bin/sh
# Draws real-run.svg: a measured run, its prediction from the logged gradient norm, and the recurrence (16).
#
#   docs/figures/real-run.sh [PATH/TO/roteq]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
roteq=${1:-$root/.build/release/roteq}
"$roteq" trajectory --optimizer adamw --lr 3e-3 --weight-decay 0.2 --schedule cosine --warmup 200 --steps 4000 \
  --layers hidden3:256:0.5755 \
  --gradient "$root/examples/fashion-mnist-gradients.csv" --gradient-window 10 \
  --measured "$root/examples/fashion-mnist-measured.csv" --measured-window 25 \
  -o "$root/docs/figures/real-run.svg"
