# USCE Atlas. Needs Python 3.11 or newer and make; everything else is set up in .venv on first use.
#   make run     the main job: load the committed dataset, open the site, refresh it from the hospitals' pages
#   make test    all tests
#   make check   lint, format, types
#   make demo    the whole job on fictional sample hospitals, without a network
#   make clean   remove what the other targets made

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
BIN := .venv/bin
PORT ?= 8001
ARGS ?=

.PHONY: run test check format demo dataset lock clean
.DEFAULT_GOAL := run

.venv/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "USCE Atlas needs Python 3.11 or newer: install it, or name it with 'make PYTHON=/path/to/python3'." >&2; exit 1; }
	"$(PYTHON)" -m venv .venv

# A stamp each for users and for developers: installed again only when what they are made from has changed.
.venv/.run: pyproject.toml requirements.lock | .venv/pyvenv.cfg
	@echo "Setting up (once, about a minute) …"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e .
	@touch $@

.venv/.dev: pyproject.toml requirements.lock | .venv/pyvenv.cfg
	@echo "Setting up for development (once, a minute or two) …"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	@touch $@ .venv/.run

run: .venv/.run
	@$(BIN)/usce up --port $(PORT) $(ARGS)

test: .venv/.dev
	$(BIN)/python -m pytest $(ARGS)

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/usce registry check

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

demo: .venv/.dev
	@$(BIN)/usce demo --port $(PORT) $(ARGS)

# The committed dataset, made anew from the archive of pages that CORPUS names.
CORPUS ?= ../shared/corpus/pages.warc.gz
dataset: .venv/.run
	rm -f data/local/dataset.db
	@mkdir -p data/local
	$(BIN)/usce crawl --replay $(CORPUS) --database data/local/dataset.db
	$(BIN)/usce export data/published --database data/local/dataset.db --no-quotes

# requirements.lock, for every platform and Python version at once; addresses of registries stay out of it.
lock: .venv/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--no-emit-index-url --no-annotate --no-header --upgrade -o requirements.lock

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis data/local
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
