#!/bin/sh
# Installs what building and testing need and what is not there yet; says nothing where nothing is missing.
#
#   Scripts/install-dependencies.sh          the GNU Scientific Library and gnuplot
#   Scripts/install-dependencies.sh latex    also what compiles and reads the reports: LaTeX and pandoc
#   Scripts/install-dependencies.sh html     also what opens HTML: Chromium
#   Scripts/install-dependencies.sh sympy    also what re-evaluates the printed formulas: SymPy
#
# Debian and Ubuntu: apt-get, with sudo where not root. macOS: Homebrew. Elsewhere it names what to install.
set -eu

fail() {
  echo "$*" >&2
  exit 1
}

command -v swift >/dev/null 2>&1 ||
  fail "Swift 6.2 or later is needed: https://www.swift.org/install"

latex=false
html=false
sympy=false
case "${1-}" in
  '') ;;
  latex) latex=true ;;
  html)
    html=true
    for name in chromium chromium-browser google-chrome; do
      if command -v "$name" >/dev/null 2>&1; then html=false; fi
    done
    ;;
  sympy) python3 -c 'import sympy' 2>/dev/null || sympy=true ;;
  *) fail "usage: $0 [latex | html | sympy]" ;;
esac

if command -v apt-get >/dev/null 2>&1; then
  wanted="make libgsl-dev gnuplot-nox"
  if $latex; then
    wanted="$wanted texlive-latex-base texlive-latex-recommended texlive-science texlive-pictures pandoc"
  fi
  if $html; then wanted="$wanted chromium"; fi
  if $sympy; then wanted="$wanted python3-sympy"; fi
  missing=""
  for package in $wanted; do
    dpkg -s "$package" 2>/dev/null | grep -q '^Status: install ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || exit 0
  if [ "$(id -u)" -eq 0 ]; then
    sudo=""
  elif command -v sudo >/dev/null 2>&1; then
    sudo=sudo
  else
    fail "Please install, as root:$missing"
  fi
  echo "About to install, by apt-get${sudo:+ with sudo}:$missing"
  $sudo apt-get update -qq
  # shellcheck disable=SC2086 # The names are to be split.
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
elif [ "$(uname)" = Darwin ] && command -v brew >/dev/null 2>&1; then
  wanted="gsl gnuplot"
  if $latex; then wanted="$wanted pandoc"; fi
  for package in $wanted; do
    brew list --versions "$package" >/dev/null || echo "About to install, by Homebrew: $package"
    brew list --versions "$package" >/dev/null || brew install --quiet "$package"
  done
  if $html; then fail "Please install Chromium: brew install --cask chromium"; fi
  if $sympy; then fail "Please install SymPy: python3 -m pip install sympy"; fi
  if $latex && ! command -v pdflatex >/dev/null 2>&1; then
    fail "Please install MacTeX: brew install --cask mactex-no-gui"
  fi
else
  missing=""
  command -v gsl-config >/dev/null 2>&1 || missing="$missing; the GNU Scientific Library with its headers"
  command -v gnuplot >/dev/null 2>&1 || missing="$missing; gnuplot"
  if $latex; then
    command -v pdflatex >/dev/null 2>&1 || missing="$missing; TeX Live with booktabs, siunitx and pgfplots"
    command -v pandoc >/dev/null 2>&1 || missing="$missing; pandoc"
  fi
  if $html; then missing="$missing; Chromium"; fi
  if $sympy; then missing="$missing; SymPy for Python 3"; fi
  [ -z "$missing" ] || fail "Please install: ${missing#; }"
fi
