#!/usr/bin/env bash
# Opens HTML outputs in headless Chromium, in light and dark, wide and narrow, and looks at what was laid out.
# Usage: Scripts/test-html.sh path/to/roteq
set -euo pipefail

roteq=$(realpath "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
checks=$root/Scripts/test-html.js
for name in chromium chromium-browser google-chrome; do
  if browser=$(command -v "$name"); then break; fi
done
test -n "$browser" || { echo "Chromium is needed" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

adamw="--optimizer adamw --lr 6e-4 --weight-decay 0.1 --beta2 0.95 --dimension 768 --initial-norm 0.55"
commands=(
  "table 1" "table 6" "predict $adamw --explain"
  "predict --optimizer adam-l2 --lr 2e-3 --weight-decay 1e-3 --dimension 128 --gradient-mass 0.1 --explain"
  "formula" "formula --optimizer sgdm --nesterov" "derive adam-l2" "derive lion"
  "scale $adamw --batch-size 128 --to-batch-size 2048"
  "trajectory $adamw --schedule cosine --warmup 25 --steps 500"
  "sweep --optimizer adamw --lr 1e-4:1e-1:log:5 --weight-decay 1e-4:1:log:5 --dimension 768"
  "simulate --optimizer rv-sgdm --lr 0.5 --weight-decay 1e-2 --momentum 0.9 --neurons 16 --steps 2000 --seeds 2"
)
for index in "${!commands[@]}"; do
  read -ra words <<<"${commands[$index]}"
  "$roteq" "${words[@]}" --format html >"case$index.html"
done
while read -ra words <&3; do
  name=$(basename "${words[0]}")
  (cd "$root/examples" && "$roteq" report "${words[@]}" --format html) >"report-${name%.*}.html"
done 3<"$root/Scripts/example-reports.txt"
# So few steps do not all agree: exit code 65.
"$roteq" crosscheck --steps 300 --seeds 2 -o crosscheck >/dev/null 2>crosscheck.log || test $? -eq 65
mv crosscheck/crosscheck.html .

# A copy of each page that reports on itself; nothing else about it changes. All are opened at once, in frames.
frames=""
for page in *.html; do
  grep -q "default-src 'none'" "$page" || { echo "failed: $page allows more than it needs"; exit 1; }
  sed "s/default-src 'none'/&; script-src 'unsafe-inline'/" "$page" >"copy-$page"
  { echo "<script>"; cat "$checks"; echo "</script>"; } >>"copy-$page"
  for width in 400 1200; do
    frames+="<iframe src=\"copy-$page#$width\" width=\"$width\" height=\"1000\" style=\"border:0\"></iframe>"
  done
done
cat >all.html <<END
<pre id="results"></pre>
<script>
addEventListener("message", event => document.getElementById("results").append(event.data + "\n"))
</script>
$frames
END

wanted=$(grep -o "<iframe" all.html | wc -l)
failed=0
# 0 is dark, 1 light.
for scheme in 0 1; do
  "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --window-size=1400,1000 \
    --host-resolver-rules="MAP * ~NOTFOUND" --blink-settings=preferredColorScheme=$scheme \
    --enable-logging=stderr --virtual-time-budget=20000 --dump-dom "file://$work/all.html" >dom 2>log
  sed -n '/<pre id="results">/,/<\/pre>/p' dom | sed 's/<[^>]*>//g' >results
  grep "^failed" results && failed=1
  grep "CONSOLE" log && failed=1
  passed=$(grep -c "^passed" results || true)
  echo "$passed of $wanted pages passed, $(if [ $scheme -eq 0 ]; then echo dark; else echo light; fi)"
  test "$passed" -eq "$wanted" || failed=1
done
test "$failed" -eq 0
