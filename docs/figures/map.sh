#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Draws map.svg: the expected rotation of AdamW over learning rate and weight decay, with the AdamW runs of the
# paper's Table 4. Every number comes from the program.
#
#   ROTEQ=.build/release/roteq docs/figures/map.sh [OUTPUT.svg]
#
# ROTEQ is the program's path; `roteq` where not set. Needs gnuplot 5.4 or later.
set -euo pipefail

roteq=${ROTEQ:-roteq}
output=${1:-$(dirname "$0")/map.svg}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Lines of constant rotation: one file a level, columns learning rate and weight decay.
levels="0.0001 0.0003 0.001 0.003 0.01 0.03 0.1"
"$roteq" sweep --optimizer adamw --lr 1e-4:1:log:40 --contour "${levels// /,}" \
  --quantities expected-rotation --format csv >"$work/contours.csv"
for level in $levels; do
  awk -F, -v level="$level" 'NR > 1 && $1 + 0 == level + 0 { print $2 "\t" $3 }' "$work/contours.csv" \
    >"$work/$level.txt"
done

# The runs: learning rate, weight decay, half-life as a share of the run, side of the label, label of two lines.
"$roteq" table 4 --format csv | awk -F, '
  function short(x,   e) {
    if (x >= 0.001) return sprintf("%.2g", x)
    e = int(log(x) / log(10)) - 1
    return sprintf("%.1f·10^{%d}", x / 10 ^ e, e)
  }
  $3 == "AdamW" {
    data = $1
    sub(/ de-en/, "", data)
    batch = data == "CIFAR-10" ? "batch " $4 ", " : ""
    side = batch != "" && !beside++ ? "left" : "right"
    printf "%s\t%s\t%s\t%s\t%s, %s\\n{/*0.87 %sη_r\302\240= %s}\n", $6, $7, $13, side, $2, data, batch, short($9)
  }' >"$work/runs.txt"

gnuplot <<GNUPLOT
set encoding utf8
set terminal svg size 900,640 font "Helvetica,Arial,sans-serif,15" background "white" enhanced
set output "$work/map.svg"
set datafile separator tab
set logscale xy
set xrange [1e-4:1]
set yrange [3e-5:2]
set format xy "10^{%L}"
set xlabel "learning rate η"
set ylabel "weight decay λ" offset 1
set title "Expected rotation η_r of AdamW (β_1 = 0.9), radians per step" font ",17"
set lmargin 9
set rmargin 3
set bmargin 6
set border linecolor rgb "#888888"
set tics front nomirror textcolor rgb "#333333"
set style fill solid 1 noborder
set key at screen 0.56, 0.055 center horizontal maxrows 1 Left reverse samplen 1 width 2 textcolor rgb "#333333"

levels = "$levels"
# Each colour covers everything above its line; the next level paints over it.
colors = "#eff5fb #e0ecf6 #cfe1f1 #bcd5ea #a7c7e3 #91b8da #7aa7cf"
color(i) = int(sprintf("0x%s", substr(word(colors, i), 2, 7)))

# A label lies on its line where λ = 2η, turned to run along it: the line's slope is −1 in decades.
slope = -atan2(480.0 / 4.82, 785.0 / 4) * 180 / pi
do for [i=1:words(levels)] {
  level = word(levels, i) + 0
  x = sqrt(9.5 / 2) * level
  set label word(levels, i) at x, 2 * x center rotate by slope offset 0.55, 0.55 front \
    font ",13" textcolor rgb "#2c5b8a"
}

plot \
  for [i=1:words(levels)] "$work/".word(levels, i).".txt" with filledcurves y=100 \
    fillcolor rgb color(i) notitle, \
  for [i=1:words(levels)] "$work/".word(levels, i).".txt" with lines linewidth 1.2 \
    linecolor rgb "#5b8dbd" notitle, \
  "$work/runs.txt" using 1:(column(3) <= 1 ? column(2) : NaN) with points pointtype 7 pointsize 0.7 \
    linecolor rgb "#b5341c" title "runs of Table 4, at the peak learning rate", \
  "" using 1:(column(3) > 1 ? column(2) : NaN) with points pointtype 6 pointsize 0.7 linewidth 2 \
    linecolor rgb "#b5341c" title "the same, half-life longer than the run", \
  "" using 1:(strcol(4) eq "right" ? column(2) : NaN):5 with labels left offset 0.9, 0 \
    textcolor rgb "#222222" font ",13" notitle, \
  "" using 1:(strcol(4) eq "left" ? column(2) : NaN):5 with labels right offset -0.9, 0 \
    textcolor rgb "#222222" font ",13" notitle
GNUPLOT

# gnuplot drops the fallback fonts where the size changes, and names the picture after itself.
sed -e 's|font-family="Helvetica"|font-family="Helvetica,Arial,sans-serif"|g' \
  -e 's|<title>.*</title>|<title>Expected rotation of AdamW over learning rate and weight decay</title>|' \
  "$work/map.svg" >"$output"
