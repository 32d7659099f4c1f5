# Needs nothing but Python 3.11 or newer and a package index: `make demo`, `make test`.
PYTHON ?= python3
# Worker processes of pytest.
JOBS   ?= 2
VENV   := .venv
BIN    := $(VENV)/bin
# -qq: errors alone are shown.
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check format bench docs clean
.DELETE_ON_ERROR:

help:           ## show this list
	@sed -n 's/^\([a-z-]*\): .*## /\1\t/p' Makefile | expand -t 12

demo: $(VENV)/.core  ## install the light core; build, mix and validate a synthetic copy of every source under demo/
	$(BIN)/cxdata demo --out demo

test: $(VENV)/.dev  ## install what the tests need; run the fast tests
	$(call pytest,-n $(JOBS))

test-slow: $(VENV)/.dev  ## full layouts, kills, large writes, other readers
	$(call pytest,-n $(JOBS) -m slow)

check: $(VENV)/.dev  ## lint, format, types, seams
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## speed and memory; never a test
	$(BIN)/python benchmarks/run.py

docs: $(VENV)/.dev  ## write the generated pages of docs/ anew
	$(BIN)/python tests/regenerate_docs.py

clean:          ## remove demo/, bench/ and caches; cx/, mix/ and .venv/ stay
	rm -rf demo bench dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find cxdata cxmind_train tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: a second `make test` installs nothing. .dev holds .core, so either may come first.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cxdata needs Python 3.11 or newer, this is %d.%d; say: make PYTHON=/path/to/python3.11 ..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.core: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

# torch by itself, before what needs it: an index with a build for processors alone may stand beside the usual one.
$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	$(PIP) torch
	$(PIP) --editable '.[dev]'
	@touch $(VENV)/.core $@

# pytest ends with 5 when it collected nothing: a failure here, said in words.
define pytest
@echo $(BIN)/pytest $(1)
@$(BIN)/pytest $(1) || { code=$$?; [ $$code -ne 5 ] || echo 'no test was collected, so nothing was shown: this is a failure' >&2; exit $$code; }
endef
