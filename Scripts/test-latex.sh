#!/usr/bin/env bash
# Compiles every LaTeX output with pdflatex and reads every Markdown output with pandoc.
# Usage: Scripts/test-latex.sh path/to/roteq
set -euo pipefail

roteq=$(realpath "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

adamw="--optimizer adamw --lr 6e-4 --weight-decay 0.1 --beta2 0.95 --dimension 768 --initial-norm 0.55"
sgdm="--optimizer sgdm --lr 0.5 --weight-decay 1e-4 --momentum 0.9 --dimension 144"
adam_l2="--optimizer adam-l2 --lr 2e-3 --weight-decay 1e-3 --dimension 128 --gradient-mass 0.1"
lion="--optimizer lion --lr 5e-4 --weight-decay 1 --beta2 0.999 --dimension 128"
commands=(
  "table 1" "table 6" "table 4" "table 1 --lr 1e-3 --weight-decay 0.1 --dimension 768 --optimizer adamw --optimizer lion"
  "predict $adamw --explain" "predict $sgdm --explain" "predict $sgdm --nesterov --explain"
  "predict $adam_l2 --explain" "predict $lion --explain" "predict $adamw --radial-decay -0.02 --scale-sensitive --explain"
  "formula" "formula --scale-sensitive" "formula --nesterov --optimizer sgdm"
  "convert --from adamw --lr 1e-3 --weight-decay 0.1 --to lion" "convert --from adamw --lr 1e-3 --weight-decay 0.1 --to rv-adamw"
  "solve --for weight-decay --expected-rotation 0.0025 --optimizer adamw --lr 6e-4"
  "sweep --optimizer adamw --lr 1e-4:1e-1:log:5 --weight-decay 1e-4:1:log:5 --dimension 768"
  "scale $sgdm --batch-size 128 --to-batch-size 2048" "scale $adam_l2 --to-dimension 512"
  "derive sgdm" "derive adamw" "derive adam-l2" "derive lion"
  "trajectory $adamw --schedule cosine --warmup 25 --steps 500 --steps-per-epoch 50" "table 4 --matched"
  "trajectory $lion --initialization kaiming --schedule wsd --steps 500 --decay-convention corrected"
  "convert --from adamw --lr 5e-4 --weight-decay 1e-4 --dimension 512 --initial-norm 1 --to rv-adamw --schedule cosine --steps 500"
  "convert --from rv-adamw --lr 5e-3 --weight-decay 0.1 --dimension 512 --initial-norm 1 --to adamw --hold decay --steps 500"
  "simulate --optimizer adamw --lr 1e-2 --weight-decay 0.5 --dimension 32 --neurons 16 --steps 2000 --seeds 2"
  "simulate --optimizer rv-sgdm --lr 0.5 --weight-decay 1e-2 --momentum 0.9 --neurons 16 --steps 2000 --seeds 2"
  "sweep --optimizer adamw --lr 1e-4:1e-1:log:5 --weight-decay 0.1 --dimension 768 --initial-norm 1 --over trajectory --steps 500"
  "audit $root/examples/transformer-step-1600.safetensors --previous $root/examples/transformer-step-1595.safetensors --config $root/examples/transformer.yaml"
)

passed=0
failed=0
check() {  # check NAME COMMAND...: counts one test
  local name=$1
  shift
  if "$@" >log 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "failed: $name"
    tail -n 20 log
  fi
}

# A box wider than the page is a table that runs off it.
compile() {
  pdflatex -interaction=nonstopmode -halt-on-error "$1" || return 1
  ! grep -E 'Overfull \\hbox \((([3-9][0-9])|([0-9]{3,}))' "${1%.tex}.log"
}

tables_are_tables() {  # every Markdown table must come out of pandoc as one
  local wanted got
  wanted=$(grep -cE '^\|[-:|]+\|$' "$1") || true
  got=$(pandoc --from gfm+tex_math_dollars --to html "$1" | grep -c '<table') || true
  test "$wanted" -eq "$got"
}

for index in "${!commands[@]}"; do
  read -ra words <<<"${commands[$index]}"
  "$roteq" "${words[@]}" --format latex >"case$index.tex"
  check "roteq ${commands[$index]} --format latex" compile "case$index.tex"
  "$roteq" "${words[@]}" --format markdown >"case$index.md"
  check "roteq ${commands[$index]} --format markdown" tables_are_tables "case$index.md"
done

for fragment in "" --fragment; do
  "$roteq" trajectory $adamw --schedule cosine --warmup 25 --steps 500 $fragment -o figure.tex >/dev/null
  if [ -n "$fragment" ]; then
    printf '%s\n' '\documentclass{article}' '\usepackage{amsmath,amssymb,pgfplots}' '\pgfplotsset{compat=1.17}' \
      '\begin{document}' '\noindent\resizebox{\linewidth}{!}{\input{figure}}' '\end{document}' >inclusion.tex
    check "figure to read into a paper" compile inclusion.tex
  else
    check "figure on its own" compile figure.tex
  fi
done

while read -ra words <&3; do
  name=$(basename "${words[0]}")
  name=${name%.*}
  (cd "$root/examples" && "$roteq" report "${words[@]}" -o "$OLDPWD/$name") >/dev/null
  check "report of $name as LaTeX" compile "$name/report.tex"
  check "report of $name as Markdown" tables_are_tables "$name/report.md"
done 3<"$root/Scripts/example-reports.txt"

# The whole of Figure 9 with its figures; it fails where a prediction does not agree.
check "cross-check" "$roteq" crosscheck -o crosscheck
cd crosscheck
check "cross-check as LaTeX" compile crosscheck.tex
check "cross-check as Markdown" tables_are_tables crosscheck.md
cd ..

echo "$passed passed, $failed failed"
test "$failed" -eq 0
