#!/bin/sh
# Fills a directory so that the linker takes the GNU Scientific Library and the C++ runtime from their archives:
# it looks there first and finds no shared library. `swift build --pkg-config-path DIRECTORY` then needs neither
# of them where the program runs. Where an archive is missing, the shared library is linked as usual.
#
#   Scripts/static-libraries.sh DIRECTORY
set -eu

directory=$1
mkdir -p "$directory"
cd "$directory"
rm -f ./*
libraries=$(gsl-config --libs | tr ' ' '\n' | sed -n 's/^-L//p' | head -n 1)
libraries=${libraries:-$(gsl-config --prefix)/lib}
for name in libgsl.a libgslcblas.a; do
  if [ ! -f "$libraries/$name" ]; then
    echo "There is no $libraries/$name; roteq will need the shared library." >&2
    exit 0
  fi
  ln -s "$libraries/$name" .
done
for compiler in cc clang; do
  archive=$("$compiler" -print-file-name=libstdc++.a 2>/dev/null || true)
  # Without an archive the compiler answers with the bare name.
  case $archive in
    /*)
      ln -s "$archive" libstdc++.a
      break
      ;;
  esac
done
cat >gsl.pc <<END
Name: GSL
Description: GNU Scientific Library, archives only
Version: $(gsl-config --version)
Libs: -L$PWD -lgsl -lgslcblas -lm
Cflags: $(gsl-config --cflags)
END
