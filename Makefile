# make demo   opens the window on a pretend shop (without a display: plays the tour and says where the pictures are)
# make test   checks style and types and runs the tests
# make soak   shows for about half an hour that no schedule of failures breaks the promise (SEED=1)
# make shadow lists where the rules' table and the engine differ in random schedules (FIRST=1 COUNT=50)
# make bench  measures what the README quotes (BENCH="--only export --sizes 1000" for a part)
# make package  builds the program that needs no Python, and its installer (dist/), and tests them
# make lock     resolves pyproject.toml anew into requirements.lock (LOCK="--upgrade" takes the newest of all)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
TOUR := tour
SEED ?= 1
FIRST ?= 1
COUNT ?= 50
BENCH ?=
LOCK ?=

# What a mistake, a neighbour or a stranger tries; part of `make test` as well.
ATTACKS := tests/test_base_dir.py tests/auth/test_tls.py tests/cli/test_real_data.py tests/cli/test_odd_input.py \
	tests/gui/test_single_instance.py tests/sandbox/test_run.py tests/service/test_dropping_people.py \
	tests/store/test_forgetting.py tests/cli/test_secrets.py tests/core/test_origins.py

.PHONY: demo tour test consent soak shadow bench lint types package lock clean format

demo: $(STAMPS)/dev
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		$(BIN)/ccdesk demo; \
	else \
		echo "No display here: playing the tour instead."; \
		$(BIN)/ccdesk demo --tour $(TOUR) && echo "The pictures are in $(CURDIR)/$(TOUR)"; \
	fi

tour: $(STAMPS)/dev
	$(BIN)/ccdesk demo --tour $(TOUR)

test: lint types consent
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n 2 --ignore tests/consent

# The rules of consent alone, whole: every branch of them is reached by a test, none of which takes a window.
consent: $(STAMPS)/dev
	$(BIN)/coverage run -m pytest -p no:xdist tests/consent
	$(BIN)/coverage report

soak: $(STAMPS)/dev
	@sh tools/system-packages.sh --soak
	CCDESK_SOAK=1 CCDESK_SOAK_SEED=$(SEED) QT_QPA_PLATFORM=offscreen \
		$(BIN)/python -m pytest -p no:xdist -p no:randomly --timeout 0 tests/soak $(ATTACKS)

shadow: $(STAMPS)/dev
	$(BIN)/python -m tests.shadow $(FIRST) $(COUNT)

bench: $(STAMPS)/dev
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m benchmarks $(BENCH)

lint: $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMPS)/dev
	$(BIN)/mypy

format: $(STAMPS)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# In an environment of its own: the program is made with Python 3.12 or newer where there is one.
package: $(STAMPS)/system
	@sh tools/system-packages.sh binutils desktop-file-utils appstream nsis
	$(PYTHON) tools/package.py

$(STAMPS)/system:
	@sh tools/system-packages.sh
	@mkdir -p $(STAMPS) && touch $@

# One environment for every target, from one lock: what one target installs, no other can break. It is made afresh
# whenever the lock changes, because installing takes nothing away that is not wanted any more.
# The stamp lies inside, so that a removed environment comes back.
$(VENV)/installed: requirements.lock | $(STAMPS)/system
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ccdesk needs Python 3.11 or newer")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --only-binary :all: --requirement requirements.lock
	@touch $@

$(STAMPS)/dev: pyproject.toml $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-index --no-deps --no-build-isolation --editable .
	@touch $@

# For Linux, macOS and Windows at once, and every Python from 3.11 on. What is locked already stays as it is.
lock: build/lock/bin/uv
	UV_CUSTOM_COMPILE_COMMAND="make lock" build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
		--all-extras --generate-hashes --no-build --no-emit-index-url --no-emit-find-links $(LOCK) \
		pyproject.toml --output-file requirements.lock

build/lock/bin/uv: tools/uv.txt
	$(PYTHON) -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --only-binary :all: --requirement tools/uv.txt
	@touch $@

clean:
	rm -rf .coverage $(VENV) $(STAMPS) build dist $(TOUR) *.egg-info
