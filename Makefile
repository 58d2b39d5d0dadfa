# Needs Python >= 3.11 with venv, and make. Nothing has to be activated; name another
# interpreter with PYTHON=. Paths are relative: the clone may lie anywhere.

# What .venv is made from, in order.
LOCKS = requirements.lock requirements-dev.lock
PYTHON =
PYTEST = -n 2
UV = uv
DOCKER = docker

CANDIDATES = python3.11 python3.12 python3.13 python3.14 python3
PG15 = $(firstword $(TANYIN_TEST_PG_BIN) $(wildcard \
  /usr/lib/postgresql/15/bin /usr/*/15/bin /usr/local/*/15/bin /opt/*/15/bin))

# .venv keeps a copy of each installed $$lock below the place of the clone, so that a
# change of either is seen. The copy comes last: what was interrupted is done again.
STAMP = { pwd; cat $$lock; }
FRESH = { .venv/bin/python -c "" 2> /dev/null && \
  $(STAMP) 2> /dev/null | cmp -s - .venv/$$lock; }
PIP = .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet

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

COMPILE = $(UV) pip compile --universal --python-version 3.11 --generate-hashes

.PHONY: serve test test-pg15 torture bench lint openapi lock image environment install

serve: LOCKS = requirements.lock
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

# The tests of faults, TIMES as long and with kill -9 amid every act of the road. What
# is drawn at random can be drawn again with the SEED that a failure shows.
TIMES = 3
torture: environment
	TANYIN_TEST_TORTURE="$(TIMES)" TANYIN_TEST_SEED="$(SEED)" \
	  .venv/bin/python -m pytest $(PYTEST) tests/faults

bench: environment
	@exec .venv/bin/python -m bench

lint: environment
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy
	.venv/bin/lint-imports

openapi: environment
	.venv/bin/python -m app.cli openapi --write

# With UPGRADE=--upgrade everything moves to its newest version.
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
	@(for lock in $(LOCKS); do $(FRESH) || exit 1; done) || { \
	  python=$$($(FIND_PYTHON)) && \
	  "$$python" -c $(UNDER_LOCK) \
	    $(MAKE) --no-print-directory install LOCKS="$(LOCKS)" PYTHON="$$python"; }

# For `environment` alone, which holds the lock.
install:
	@set -e; for lock in $(LOCKS); do \
	  if $(FRESH); then continue; fi; \
	  echo "Installing $$lock into .venv; this takes about a minute."; \
	  if [ $$lock = $(firstword $(LOCKS)) ]; then "$(PYTHON)" -m venv --clear .venv; fi; \
	  $(PIP) --require-hashes --requirement $$lock; \
	  $(PIP) --no-deps --no-build-isolation --editable .; \
	  $(STAMP) > .venv/$$lock; \
	done
