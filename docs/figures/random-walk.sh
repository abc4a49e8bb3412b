#!/bin/sh
# Draws random-walk.svg: a walk under Adam+ℓ2 at the settings of the paper's Figure 9, beside the predictions in time.
#
#   docs/figures/random-walk.sh [PATH/TO/roteq]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
roteq=${1:-$root/.build/release/roteq}
"$roteq" simulate --optimizer adam-l2 --lr 7.813e-4 --weight-decay 1.25e-4 --seeds 1 \
  -o "$root/docs/figures/random-walk.svg" >/dev/null
