#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Draws the figures of the article "Trajectories" and prints the errors in its tables: every stored run is predicted by
# the program and compared with what was measured.
#
#   ROTEQ=.build/release/roteq docs/figures/trajectories.sh [FOLDER]
#
# ROTEQ is the program's path; `roteq` where not set. Figures need gnuplot 5.4 or later.
set -euo pipefail

roteq=${ROTEQ:-roteq}
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$root/Sources/Equilibrium/Equilibrium.docc/Resources}
data=$root/Tests/ReferenceData/Trajectories
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# value RUN KEY [WORD]: a line of the header, or one of its words.
value() {
  awk -v key="# $2: " -v word="${3:-0}" 'index($0, key) == 1 {
    line = substr($0, length(key) + 1)
    if (word) split(line, words, " ")
    print word ? words[word] : line
  }' "$data/$1.csv"
}

# columns FILE LAYER NAME…: columns of a stored file by name, of one layer where it has several ("" where not).
columns() {
  local file=$1 layer=$2
  shift 2
  grep -v '^#' "$data/$file.csv" | awk -F, -v OFS=, -v names="$*" -v layer="$layer" '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; count = split(names, wanted, " ") }
    NR > 1 && (layer == "" || $1 == layer) {
      for (i = 1; i <= count; i++) printf "%s%s", $at[wanted[i]], i < count ? "," : "\n"
    }'
}

root_of() { awk -v x="$1" 'BEGIN { printf "%.17g", sqrt(x) }'; }

# common RUN: the flags that every run has, in `flags`.
common() {
  local run=$1 optimizer convention
  optimizer=$(value "$run" optimizer)
  convention=$(value "$run" decay_convention)
  flags=(
    trajectory --optimizer "${optimizer/_/-}" --steps "$(value "$run" steps)" --lr "$(value "$run" learning_rate)"
    --schedule cosine --warmup "$(value "$run" warmup)")
  case $convention in
    constant)
      flags+=(--decay-convention fixed --weight-decay "$(awk -v a="$(value "$run" learning_rate)" \
        -v b="$(value "$run" weight_decay)" 'BEGIN { printf "%.17g", a * b }')") ;;
    corrected) flags+=(--decay-convention corrected --weight-decay "$(value "$run" weight_decay)") ;;
    *) flags+=(--weight-decay "$(value "$run" weight_decay)") ;;
  esac
  if [ "$optimizer" = sgdm ]; then
    flags+=(--momentum "$(value "$run" momentum)")
  else
    flags+=(--beta1 "$(value "$run" beta1)" --beta2 "$(value "$run" beta2)")
  fi
}

# walk RUN: the flags of a random walk, and what was measured of it.
walk() {
  local run=$1
  common "$run"
  flags+=(--dimension "$(value "$run" dimension)" --initial-norm "$(value "$run" initial_norm)")
  if [ "$(value "$run" nesterov)" = 1 ]; then flags+=(--nesterov); fi
  if [ "$run" = adamw_epsilon ]; then flags+=(--epsilon "$(value "$run" epsilon)"); fi
  if [ "$(value "$run" normalisation)" = none ]; then
    flags+=(--scale-sensitive --gradient-norm "$(root_of "$(value "$run" gradient_power)")")
  elif [ "$run" = adam_l2_two_classes ]; then
    awk -v gains="$(value "$run" gains)" -v powers="$(value "$run" pooled_gradient_power_by_class)" 'BEGIN {
      split(gains, gain, ","); split(powers, power, ",")
      for (i = 1; i <= 2; i++) { split(gain[i], of, "x"); for (k = 0; k < of[2]; k++) print power[i] / of[2] }
    }' >"$work/moments.txt"
    flags+=(--gradient-moments "$work/moments.txt")
  else
    flags+=(--unit-gradient-norm "$(root_of "$(value "$run" pooled_gradient_power)")")
  fi
  { echo step,norm,rotation; columns "$run" "" step norm rotation_pooled; } >"$work/measured.csv"
}

# deviations LABEL FLAG…: what the program prints as mean deviations, in percent, and of the way out of equilibrium.
deviations() {
  local label=$1
  shift
  "$roteq" "$@" --measured "$work/measured.csv" | awk -v label="$label" '
    /Worst over-rotation/ { worst = $0; sub(/.*: /, "", worst); sub(/ times.*/, "", worst) }
    /Out of equilibrium/ { out = $0; sub(/.*: /, "", out); sub(/ % of.*/, "", out) }
    /^Mean deviation/ { found = NR }
    found && NR == found + 3 {
      printf "%-42s %8s / %-8s (16): %s / %s  out: %s %%, worst: %s\n", label, $2, $3, $4, $5, out, worst
    }'
}

# draw NAME FLAG…: the figure, with few enough points to see the lines; every 31st step takes in the last of 4000.
draw() {
  local name=$1
  shift
  awk -F, 'NR == 1 || $1 == 1 || $1 % 60 == 0' "$work/measured.csv" >"$work/few.csv"
  "$roteq" "$@" --measured "$work/few.csv" --every 31 -o "$folder/$name.svg" >"$work/discarded.txt"
}

echo "Mean error over the stored rows in percent, norm / rotation"
for run in sgdm sgdm_nesterov sgdm_slow sgdm_scale_sensitive adamw adamw_slow adamw_growing adamw_shrinking \
  adamw_short_memory adamw_constant_decay adamw_corrected_decay adamw_epsilon adam_l2 adam_l2_small_gradient \
  adam_l2_small_gradient_near adam_l2_two_classes; do
  walk "$run"
  deviations "$run" "${flags[@]}"
  case $run in
    adamw_growing) draw trajectory-adamw-growing "${flags[@]}" ;;
    adam_l2_small_gradient) draw trajectory-adam-l2-small-gradient "${flags[@]}" ;;
  esac
done
for run in lion lion_999 lion_tails; do
  walk "$run"
  deviations "$run, kurtosis 0" "${flags[@]}" --gradient-kurtosis 0
  kurtosis=$(value "$run" gradient_excess_kurtosis)
  deviations "$run, kurtosis $kurtosis" "${flags[@]}" --gradient-kurtosis "$kurtosis"
  if [ "$run" = lion_999 ]; then draw trajectory-lion "${flags[@]}" --gradient-kurtosis "$kurtosis"; fi
done

# gradient_log RUN LAYER COLUMN COSINE: the gradient log as `--gradient` takes it, each row the mean of a window that
# ends with it. The cosine has longer windows; it is put on the rows by lines between the middles of its windows.
gradient_log() {
  columns "$1" "$2" step momentum_cosine >"$work/cosine.csv"
  echo "step,gradient_norm$([ "$4" = 0 ] || echo ,momentum_cosine)"
  columns "$1_layer$2_gradients" "" step "$3" | awk -F, -v OFS=, -v cosine="$4" -v every="$(value "$1" every)" \
    -v logged="$(value "$1" logged)" '
    NR == FNR { x[++n] = $1 - (every - 1) / 2; y[n] = $2; next }
    cosine == 0 { print; next }
    {
      middle = $1 - (logged - 1) / 2
      for (i = 1; i < n - 1 && x[i + 1] < middle; ) i++
      share = (middle - x[i]) / (x[i + 1] - x[i])
      print $0, y[i] + (share < 0 ? 0 : share > 1 ? 1 : share) * (y[i + 1] - y[i])
    }' "$work/cosine.csv" -
}

# windows LABEL EVERY FLAG…: errors where the measured rotation is the root mean square of a window.
windows() {
  local label=$1 every=$2
  shift 2
  "$roteq" "$@" --format csv | awk -F, -v every="$every" -v label="$label" '
    function off(predicted, measured) {
      predicted = predicted / measured - 1
      return predicted < 0 ? -predicted : predicted
    }
    NR == FNR { if (FNR > 1) { norm[$1] = $2; rotation[$1] = $3 }; next }
    FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { a += $at["rotation_moments"] ^ 2; b += $at["rotation_recurrence"] ^ 2 }
    $1 in norm {
      n++
      normError += off($at["norm_moments"], norm[$1]); error += off(sqrt(a / every), rotation[$1])
      normError16 += off($at["norm_recurrence"], norm[$1]); error16 += off(sqrt(b / every), rotation[$1])
      a = b = 0
    }
    END {
      printf "%-42s %8.2f / %-8.2f (16): %.1f / %.1f\n", label, 100 * normError / n, 100 * error / n,
        100 * normError16 / n, 100 * error16 / n
    }' "$work/measured.csv" -
}

for run in real_adamw real_sgdm; do
  every=$(value "$run" every)
  for layer in 1 2 3; do
    common "$run"
    flags+=(
      --dimension "$(value "$run" dimensions "$layer")" --initial-norm "$(value "$run" initial_norms "$layer")"
      --active-fraction "$(value "$run" active_fractions "$layer")")
    { echo step,norm,rotation; columns "$run" "$layer" step norm rotation_pooled; } >"$work/measured.csv"
    mean=$(columns "$run" "$layer" unit_gradient_norm | awk '{ sum += $1 ^ 2 } END { printf "%.9g", sqrt(sum / NR) }')
    windows "$run $layer, constant" "$every" "${flags[@]}" --unit-gradient-norm "$mean"
    logged=(--gradient "$work/log.csv" --gradient-window "$(value "$run" logged)")
    gradient_log "$run" "$layer" gradient_norm 0 >"$work/log.csv"
    windows "$run $layer, logged" "$every" "${flags[@]}" "${logged[@]}"
    if [ "$run" = real_adamw ]; then
      gradient_log "$run" "$layer" geometric_gradient_norm 0 >"$work/log.csv"
      windows "$run $layer, geometric mean" "$every" "${flags[@]}" "${logged[@]}"
      gradient_log "$run" "$layer" geometric_gradient_norm 1 >"$work/log.csv"
      windows "$run $layer, geometric mean with cosine" "$every" "${flags[@]}" "${logged[@]}"
    fi
    gradient_log "$run" "$layer" gradient_norm 1 >"$work/log.csv"
    windows "$run $layer, logged with cosine" "$every" "${flags[@]}" "${logged[@]}"
    if [ "$run $layer" = "real_adamw 3" ]; then
      # A window's rotation belongs to its middle; so does the mean of the norms at its ends.
      columns "$run" "$layer" step norm rotation_pooled | awk -F, -v OFS=, -v every="$every" \
        -v norm="$(value "$run" initial_norms "$layer")" '
        BEGIN { print "step,norm,rotation" }
        { if (NR % 2) print $1 - int(every / 2), ($2 + norm) / 2, $3; norm = $2 }' >"$work/middles.csv"
      "$roteq" "${flags[@]}" "${logged[@]}" --measured "$work/middles.csv" --every 31 \
        -o "$folder/trajectory-real-adamw.svg" >"$work/discarded.txt"
    fi
  done
done
