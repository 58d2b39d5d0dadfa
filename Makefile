# Needs Python >= 3.11 with venv, and make. Nothing has to be activated; name another
# interpreter with PYTHON=. Paths are relative: the clone may lie anywhere.

LOCK = requirements-dev.lock
PYTHON =
PYTEST = -n 2
UV = uv
DOCKER = docker

CANDIDATES = python3.11 python3.12 python3.13 python3.14 python3
PG15 = $(firstword $(TANYIN_TEST_PG_BIN) $(wildcard \
  /usr/lib/postgresql/15/bin /usr/*/15/bin /usr/local/*/15/bin /opt/*/15/bin))

# .venv holds a copy of each lock that it was made from, below the place of the clone:
# whatever changes either makes it anew.
STAMP = { pwd; cat $(1); }
FRESH = { .venv/bin/python -c "" 2> /dev/null && \
  $(STAMP) 2> /dev/null | cmp -s - .venv/$(1); }
PIP = .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet
# Wheels only, for to build a package is to run it unseen; one is published as source.
LOCKED = --require-hashes --only-binary :all: --no-binary openapi-ui-bundles

FIND_PYTHON = { \
  for python in $(if $(PYTHON),"$(PYTHON)",$(CANDIDATES)); do \
    if "$$python" -c "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))" \
      2> /dev/null; then echo "$$python"; exit; fi; \
  done; \
  echo "TanYin needs Python 3.11 or newer with venv and ensurepip (Debian has them in" \
    "python3-venv), and found none among: $(or $(PYTHON),$(CANDIDATES))." \
    "Name one with: make PYTHON=/path/to/python" >&2; exit 1; }

# Runs its arguments while it holds a lock on this file.
UNDER_LOCK = 'import fcntl, os, sys; file = os.open("Makefile", os.O_RDONLY); \
  os.set_inheritable(file, True); fcntl.flock(file, fcntl.LOCK_EX); \
  os.execvp(sys.argv[1], sys.argv[1:])'

.PHONY: serve test test-pg15 bench lint lock openapi image environment install

serve: LOCK = requirements.lock
serve: environment
	@exec .venv/bin/python -m app.cli serve

test: lint
	.venv/bin/python -m pytest $(PYTEST)

test-pg15: environment
	@if [ ! -x "$(PG15)/initdb" ]; then \
	  echo "No PostgreSQL 15 found (Debian: apt-get install postgresql-15)." \
	    "Name it with: make test-pg15 TANYIN_TEST_PG_BIN=/path/to/15/bin" >&2; \
	  exit 1; fi
	TANYIN_TEST_PG_BIN="$(PG15)" .venv/bin/python -m pytest $(PYTEST) -m database

bench: environment
	@exec .venv/bin/python -m bench

lint: environment
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy
	.venv/bin/lint-imports

openapi: environment
	.venv/bin/python -m app.cli openapi > .venv/openapi.json
	mv .venv/openapi.json openapi/openapi.json

COMPILE = $(UV) pip compile --universal --python-version 3.11 --generate-hashes

lock:
	$(COMPILE) $(UPGRADE) --extra embedded --extra build pyproject.toml \
	  -o requirements.lock
	$(COMPILE) --extra embedded --extra build --extra dev -c requirements.lock \
	  pyproject.toml -o requirements-dev.lock
	$(COMPILE) --extra build -c requirements.lock pyproject.toml \
	  -o requirements-image.lock

image:
	$(DOCKER) build --tag tanyin .

environment:
	@$(call FRESH,$(LOCK)) || { \
	  python=$$($(FIND_PYTHON)) && \
	  "$$python" -c $(UNDER_LOCK) \
	    $(MAKE) --no-print-directory install LOCK=$(LOCK) PYTHON="$$python"; }

# For `environment` alone, which holds the lock. The stamp comes last, so that an
# interrupted installation is made anew.
install:
	@$(call FRESH,$(LOCK)) || { \
	  echo "Installing $(LOCK) into .venv; this takes about a minute." && \
	  { $(call FRESH,requirements.lock) || "$(PYTHON)" -m venv --clear .venv; } && \
	  $(PIP) $(LOCKED) --requirement $(LOCK) && \
	  $(PIP) --no-deps --no-build-isolation --editable . && \
	  $(call STAMP,$(LOCK)) > .venv/$(LOCK); }
