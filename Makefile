# make run     builds the app and opens it; make run MODEL=path opens it with a file
# make test    everything that must hold before a change is done; ends with "N passed, N failed"
# make test-all  the same, packages of PyTorch, Keras, TensorFlow and transformers in MLflow with these frameworks, and packages in
#                environments that are built from their own requirements
# make lint    formatting, lints, documentation, licences and advisories
# make bench   the numbers that we hold ourselves to, side by side with what people use instead
# make fuzz    one fuzz target over the fixtures; make fuzz FUZZ_TARGET=zip_tar FUZZ_SECONDS=600
# make bundle  .deb and .rpm, no larger than they may be
# make fmt     formats everything
# What is missing is installed: Debian packages with apt-get (sudo where needed), the window's packages with npm ci,
# Python environments into .tools. Rust and Node must be there.

SHELL := /bin/bash
TARGET := $(or $(CARGO_TARGET_DIR),target)
APP := $(TARGET)/release/packwright-app
CARGO_FLAGS := --locked

BUILD_PACKAGES := build-essential pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev
TEST_PACKAGES := btrfs-progs dbus gir1.2-gtk-3.0 imagemagick openbox python3-gi python3-venv webkit2gtk-driver xdotool xfsprogs xvfb
BENCH_PACKAGES := zip

# What we hold ourselves to: an installer smaller than this, a window that can be used and a cancel that is heard sooner than this.
INSTALLER_BYTES := 15000000
START_MILLIS := 700
CANCEL_MILLIS := 200

FUZZ := $(or $(CARGO_TARGET_DIR),target)/fuzz
FUZZ_TARGET ?= pickle
FUZZ_SECONDS ?= 120
HOST = $(shell rustc -vV | sed -n 's/^host: //p')

# The version of uv that made the lock files.
UV_VERSION := 0.13.9
UV := .tools/uv/bin/uv
# Its reader runs beside ours in `make bench`.
NETRON_VERSION := 9.3.3

.PHONY: run test test-all lint bench fuzz bundle fmt build-system test-system bench-system toolchain environments
.DEFAULT_GOAL := run

run: build-system toolchain ui/dist/index.html
	@echo "Building the app. The first time takes some minutes."
	@cargo build $(CARGO_FLAGS) --release --package packwright-app --bin packwright-app
	@if [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		echo "The app is built, but there is no display to open it on (neither DISPLAY nor WAYLAND_DISPLAY is set)."; \
		echo "On a machine with a screen run: $(APP) $(MODEL)"; \
		echo "To run it on a virtual screen: sudo apt-get install xvfb && xvfb-run -a dbus-run-session -- $(APP) $(MODEL)"; \
		exit 1; \
	fi
	@$(APP) $(if $(MODEL),"$(MODEL)")

test: build-system test-system toolchain node_modules/.package-lock.json environments
	@python3 tests/run_all.py

# Beside everything in `test`: packages of deep-learning models in MLflow with their frameworks. These take gigabytes, so the
# environments are yours: PYTORCH_PYTHON has mlflow, pytest, torch, transformers, sentence-transformers and safetensors;
# TENSORFLOW_PYTHON has mlflow, pytest, keras and tensorflow.
test-all: build-system test-system toolchain node_modules/.package-lock.json environments
	@PACKWRIGHT_DEEP="pytorch=$(PYTORCH_PYTHON) tensorflow=$(TENSORFLOW_PYTHON)" python3 tests/run_all.py

lint: build-system toolchain node_modules/.package-lock.json
	npm run --silent build
	cargo fmt --all --check
	cargo clippy $(CARGO_FLAGS) --workspace --all-targets -- -D warnings
	cargo check --locked --manifest-path fuzz/Cargo.toml --target-dir $(FUZZ)
	RUSTDOCFLAGS="-D warnings" cargo doc $(CARGO_FLAGS) --workspace --no-deps --document-private-items
	npm run --silent lint
	npm run --silent check
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --workspace check; \
		else echo "NOT CHECKED: licences, sources and advisories (deny.toml). cargo deny is missing: cargo install --locked cargo-deny"; fi

bench: build-system test-system bench-system toolchain ui/dist/index.html .tools/python/main.stamp .tools/netron-$(NETRON_VERSION)
	cargo build $(CARGO_FLAGS) --release --package packwright-cli
	cargo build $(CARGO_FLAGS) --release --package packwright-app --bin packwright-app
	.tools/python/main/bin/python benches/run.py --cli $(TARGET)/release/packwright --data $(TARGET)/bench --netron .tools/netron-$(NETRON_VERSION)/netron; \
		numbers=$$?; python3 tests/e2e/startup.py --app $(APP) --bar $(START_MILLIS); start=$$?; \
		python3 tests/e2e/exporting.py --app $(APP) --model $(TARGET)/bench/big.onnx --bar $(CANCEL_MILLIS); \
		exit $$((numbers | start | $$?))

.tools/netron-$(NETRON_VERSION): | $(UV)
	$(UV) pip install --quiet --no-deps --target $@ netron==$(NETRON_VERSION)

# The flags are those of cargo fuzz, without the sanitizer of addresses: that one needs a nightly compiler, and there is
# no unsafe code that it could watch.
fuzz: toolchain
	@mkdir -p $(FUZZ)/corpus/$(FUZZ_TARGET)
	RUSTFLAGS="--cfg fuzzing -Cdebug-assertions -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
		-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table" \
		cargo build --locked --release --manifest-path fuzz/Cargo.toml --target-dir $(FUZZ) --target $(HOST) --bin $(FUZZ_TARGET)
	$(FUZZ)/$(HOST)/release/$(FUZZ_TARGET) $(FUZZ)/corpus/$(FUZZ_TARGET) tests/fixtures tests/samples -max_total_time=$(FUZZ_SECONDS) \
		-max_len=16384 -timeout=10 -rss_limit_mb=1024 -artifact_prefix=$(FUZZ)/

bundle: build-system toolchain node_modules/.package-lock.json
	npx tauri build --ci --bundles deb,rpm -- $(CARGO_FLAGS)
	@for file in $(TARGET)/release/bundle/deb/*.deb $(TARGET)/release/bundle/rpm/*.rpm; do \
		size=$$(stat -c %s "$$file"); echo "$$file: $$size bytes, bar $(INSTALLER_BYTES)"; \
		[ $$size -lt $(INSTALLER_BYTES) ] || exit 1; \
	done

fmt: toolchain node_modules/.package-lock.json
	cargo fmt --all
	npm run --silent format

# $(call install,packages): installs the Debian packages that are missing.
define install
	@missing=""; for package in $(1); do dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q "install ok installed" || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
		if ! command -v apt-get >/dev/null; then echo "Please install what these Debian packages hold:$$missing"; exit 1; fi; \
		sudo=""; if [ "$$(id -u)" != 0 ]; then sudo=sudo; fi; \
		echo "Installing with apt-get:$$missing"; \
		$$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

build-system:
	@if ! command -v dpkg-query >/dev/null; then echo "No Debian package manager here; WebKitGTK 4.1 and GTK 3 with their headers must be installed."; fi
	$(if $(shell command -v dpkg-query),$(call install,$(BUILD_PACKAGES)))

test-system:
	$(if $(shell command -v dpkg-query),$(call install,$(TEST_PACKAGES)))

bench-system:
	$(if $(shell command -v dpkg-query),$(call install,$(BENCH_PACKAGES)))

toolchain:
	@command -v cargo >/dev/null || { echo "Rust is missing. Install it from https://rustup.rs, then run make again."; exit 1; }
	@command -v npm >/dev/null || { echo "Node is missing. Install Node 20.19 or newer from https://nodejs.org, then run make again."; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
		|| { echo "Node $$(node --version) is too old; 20.19 or newer is needed."; exit 1; }

# The window is built again only when its sources changed: the app is compiled anew around every build of it.
ui/dist/index.html: node_modules/.package-lock.json $(shell find ui -type f -not -path 'ui/dist/*' -not -path 'ui/node_modules/*' 2>/dev/null)
	@npm run --silent build

node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

$(UV):
	python3 -m venv .tools/uv
	.tools/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# scikit-learn 1.2 has no wheels for Python 3.12 and later. A Python that is missing is fetched by uv; where that fails, the
# environment is missing and tests/run_all.py counts it as a failure.
environments: .tools/python/main.stamp .tools/python/sklearn-1.5.stamp .tools/python/sklearn-1.2.stamp

.tools/python/sklearn-1.2.stamp: PYTHON := 3.11
.tools/python/%.stamp: tests/python/environments/%.lock.txt | $(UV)
	@mkdir -p .tools/python
	@if UV_PYTHON_INSTALL_DIR=.tools/python/uv UV_PYTHON_DOWNLOADS=automatic $(UV) venv --quiet --allow-existing --python "$(or $(PYTHON),>=3.11)" .tools/python/$*; then \
		$(UV) pip sync --quiet --require-hashes --python .tools/python/$*/bin/python $< && touch $@; \
	elif [ -n "$(PYTHON)" ]; then \
		echo "Python $(PYTHON) is not here and could not be fetched, so the environment $* is missing."; rm -rf .tools/python/$*; \
	else exit 1; fi
