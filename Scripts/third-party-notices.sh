#!/bin/sh
# Prints the licences of what the program carries: Swift packages, the Swift runtime, the GNU Scientific Library, the C++ runtime.
#
#   Scripts/third-party-notices.sh        in the project's folder, after a build
set -eu

section() {
  printf '\n%s\n%s\n\n' "$1" "$(printf '%s' "$1" | sed 's/./=/g')"
}

echo "roteq is free software under the GNU General Public License, version 3 or later (LICENSE). It carries:"
for package in swift-argument-parser swift-mustache swift-numerics Yams; do
  section "$package"
  found=false
  for file in ".build/checkouts/$package"/LICENSE* ".build/checkouts/$package"/NOTICE*; do
    [ -f "$file" ] || continue
    found=true
    cat "$file"
  done
  if ! $found; then
    echo "no licence of $package under .build/checkouts: build first" >&2
    exit 1
  fi
done
section "The Swift runtime and Foundation (swift.org)"
echo "Apache License, version 2.0 (as of swift-argument-parser above), with the Runtime Library Exception:"
echo "the terms of sections 4(a), 4(b) and 4(d) do not apply to parts that a compiler puts into a program."
echo "Foundation holds data and code of ICU under the Unicode License v3 (https://www.unicode.org/license.txt)."
section "The GNU Scientific Library"
echo "GNU General Public License, version 3 or later (LICENSE); https://www.gnu.org/software/gsl"
section "The GNU C++ runtime"
echo "GNU General Public License, version 3, with the GCC Runtime Library Exception, version 3.1."
