# make demo   opens the window on a pretend shop (without a display: plays the tour and says where the pictures are)
# make test   checks style and types and runs the tests
# make soak   shows for about half an hour that no schedule of failures breaks the promise (SEED=1)
# make bench  measures what the README quotes (BENCH="--only export --sizes 1000" for a part)
# make package  builds the program that needs no Python (dist/ccdesk)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
TOUR := tour
SEED ?= 1
BENCH ?=

.PHONY: demo tour test soak bench lint types package clean format

demo: $(STAMPS)/app
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		$(BIN)/ccdesk demo; \
	else \
		echo "No display here: playing the tour instead."; \
		$(BIN)/ccdesk demo --tour $(TOUR) && echo "The pictures are in $(CURDIR)/$(TOUR)"; \
	fi

tour: $(STAMPS)/app
	$(BIN)/ccdesk demo --tour $(TOUR)

test: lint types
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n 2

soak: $(STAMPS)/dev
	@sh tools/system-packages.sh --soak
	CCDESK_SOAK=1 CCDESK_SOAK_SEED=$(SEED) QT_QPA_PLATFORM=offscreen \
		$(BIN)/python -m pytest -p no:xdist -p no:randomly --timeout 0 tests/soak

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

package: $(STAMPS)/package
	$(BIN)/pyinstaller --noconfirm --log-level WARN ccdesk.spec
	QT_QPA_PLATFORM=offscreen dist/ccdesk/ccdesk demo --tour build/package-tour

$(STAMPS)/system:
	@sh tools/system-packages.sh
	@mkdir -p $(STAMPS) && touch $@

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ccdesk needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(STAMPS)/app: pyproject.toml $(STAMPS)/system | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(STAMPS)/dev: pyproject.toml $(STAMPS)/system | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(STAMPS)/app

$(STAMPS)/package: pyproject.toml $(STAMPS)/system | $(VENV)/bin/python
	@sh tools/system-packages.sh binutils
	$(BIN)/python -m pip install --quiet --editable '.[package]'
	@touch $@ $(STAMPS)/app

clean:
	rm -rf $(VENV) $(STAMPS) build dist $(TOUR) *.egg-info
