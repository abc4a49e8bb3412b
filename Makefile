# `make` alone lists what there is to make.

PREFIX ?= /usr/local
ROTEQ := .build/release/roteq
STATIC := $(CURDIR)/.build/static-libraries
SWIFT_SOURCES := Sources Tests Fuzz Benchmarks templates Package.swift
DOCUMENTED := OutsideText RootFinding Formulas Equilibrium Dynamics Optimizers Safetensors Checkpoints Training CrossChecks RunConfigurations Parameters Audits Reports

# On Linux the program carries the Swift runtime and the GNU Scientific Library; it starts faster, too.
# macOS has the Swift runtime, and Homebrew the library.
ifeq ($(shell uname),Linux)
  RELEASE := -c release --static-swift-stdlib --pkg-config-path $(STATIC) --disable-local-rpath \
    -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now
else
  RELEASE := -c release
endif

.PHONY: help report crosscheck test test-slow check check-sanitizers format docs bench test-latex test-html test-hostile fuzz test-sympy install clean dependencies static release

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

report: release ## Write report/ for a real GPT-2 training run
	@$(ROTEQ) report examples/gpt2-openwebtext.py -o report --cross-check

crosscheck: release ## Run every optimizer on the walks of Figure 9, against all predictions
	@$(ROTEQ) crosscheck -o crosscheck

test: dependencies ## Run the fast tests
	@swift test

test-slow: dependencies ## Run all tests, those that take long among them
	@ROTEQ_SLOW_TESTS=1 swift test

check: dependencies ## Lint, build with warnings as errors, run the fast tests
	@echo "== Format and lint"
	@swift format lint --strict --recursive $(SWIFT_SOURCES)
	@echo "== Build, warnings as errors"
	@swift build --build-tests -Xswiftc -warnings-as-errors
	@echo "== Test"
	@swift test --skip-build -Xswiftc -warnings-as-errors

check-sanitizers: dependencies ## Run the concurrent tests under the thread sanitizer
	@swift test --sanitize thread --scratch-path .build-thread-sanitizer \
	  --filter 'WalkTests|ConcurrentlyTests|GridProgramTests'

fuzz: dependencies static ## Give broken inputs to all that reads files: make fuzz MINUTES=10 [SEED=1]
	@swift build $(RELEASE) --product roteq-fuzz
	@.build/release/roteq-fuzz --minutes $(or $(MINUTES),2) --seed $(or $(SEED),1)

format: ## Format the sources in place
	@swift format --in-place --recursive $(SWIFT_SOURCES)

docs: dependencies ## Build the documentation of the libraries in docs/build
	@mkdir -p docs
	@swift package --allow-writing-to-directory docs/build generate-documentation \
	  $(foreach target,$(DOCUMENTED),--target $(target)) --enable-experimental-combined-documentation \
	  --transform-for-static-hosting --output-path docs/build
	@echo "Written: docs/build (python3 -m http.server -d docs/build, then open /documentation)"

bench: dependencies static ## Time sweep, trajectory, simulation and checkpoints against their peers
	@command -v python3 >/dev/null || { echo "Please install Python 3 and NumPy."; exit 1; }
	@swift build $(RELEASE) --product sweep-benchmark
	@swift build $(RELEASE) --product roteq
	@swift build $(RELEASE) --product trajectory-benchmark
	@swift build $(RELEASE) --product simulation-benchmark
	@swift build $(RELEASE) --product checkpoint-benchmark
	@python3 Benchmarks/sweep.py .build/release/sweep-benchmark --roteq $(ROTEQ)
	@python3 Benchmarks/trajectory.py .build/release/trajectory-benchmark
	@python3 Benchmarks/simulation.py .build/release/simulation-benchmark
	@python3 Benchmarks/checkpoint.py .build/release/checkpoint-benchmark

test-latex: ## Compile every LaTeX table, derivation and report
	@Scripts/install-dependencies.sh latex
	@$(MAKE) --no-print-directory release
	@Scripts/test-latex.sh $(ROTEQ)

test-html: ## Open reports in headless Chromium and look at what it laid out
	@Scripts/install-dependencies.sh html
	@$(MAKE) --no-print-directory release
	@Scripts/test-html.sh $(ROTEQ)

test-hostile: ## Put hostile names everywhere, and open each output with the program that reads it
	@Scripts/install-dependencies.sh latex
	@Scripts/install-dependencies.sh html
	@$(MAKE) --no-print-directory release
	@python3 Scripts/hostile-text.py $(ROTEQ) $(HOSTILE)

test-sympy: release ## Re-evaluate the printed SymPy source against the reference values
	@Scripts/install-dependencies.sh sympy
	@python=python3; $$python -c 'import sympy' 2>/dev/null || python=/usr/bin/python3; \
	  $$python Tests/ReferenceData/check_sympy.py $(ROTEQ)

install: release ## Install roteq and its completions in PREFIX (default /usr/local)
	@install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/bash-completion/completions" \
	  "$(DESTDIR)$(PREFIX)/share/zsh/site-functions" "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	@install -m 755 $(ROTEQ) "$(DESTDIR)$(PREFIX)/bin/roteq"
	@strip "$(DESTDIR)$(PREFIX)/bin/roteq"
	@$(ROTEQ) --generate-completion-script bash \
	  > "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/roteq"
	@$(ROTEQ) --generate-completion-script zsh > "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_roteq"
	@$(ROTEQ) --generate-completion-script fish \
	  > "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/roteq.fish"
	@install -d "$(DESTDIR)$(PREFIX)/share/doc/roteq"
	@install -m 644 LICENSE SECURITY.md "$(DESTDIR)$(PREFIX)/share/doc/roteq"
	@Scripts/third-party-notices.sh > "$(DESTDIR)$(PREFIX)/share/doc/roteq/THIRD-PARTY-NOTICES.txt"
	@echo "Installed: $(DESTDIR)$(PREFIX)/bin/roteq"

clean: ## Remove what was built
	@rm -rf .build .build-libfuzzer .build-thread-sanitizer docs/build report crosscheck

dependencies:
	@Scripts/install-dependencies.sh

static: dependencies
ifeq ($(shell uname),Linux)
	@test -e $(STATIC)/gsl.pc || Scripts/static-libraries.sh $(STATIC)
endif

release: dependencies static
	@swift build $(RELEASE) --product roteq
