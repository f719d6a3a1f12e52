# Doors for people. `make demo` shows Marquee at work, `make test` proves it, `make check` reads it strictly.
# Needed: Python >= 3.11 with venv and pip, and the package registries. uv is taken from PATH, or put into .venv.

PYTHON ?= python3
UV_ON_PATH := $(shell command -v uv 2>/dev/null)
UV := $(or $(UV_ON_PATH),.venv/bin/uv)
# The Python that is there is good enough; uv's own downloads come from elsewhere and may be out of reach.
export UV_PYTHON_DOWNLOADS ?= never
# This project's environment, whatever another project has activated in this shell.
export UV_PROJECT_ENVIRONMENT := .venv
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help setup demo test check oracle shots bench bench-depth compare scale scale-campaign

help:
	@echo "make demo    run the showcase  (PORT=8000 chooses the port, FRESH=1 starts over)"
	@echo "make test    run the tests     (ARGS='-k routing' chooses some)"
	@echo "make check   lint, format and types"
	@echo "make oracle  read real addresses beside another reader of addresses"
	@echo "make shots   draw every screen into shots/  (ARGS='leads home' chooses some)"
	@echo "make bench   how fast leads come in when many send at once, beside the same door without a database  (SECONDS=, ROUNDS=)"
	@echo "make bench-depth  what one more lead costs beside 10,000, 100,000 and 1,000,000 others  (SIZES=)"
	@echo "make compare how fast batches come in, beside an older commit  (BASE=commit, BATCHES=)"
	@echo "make scale   staff pages with a million leads beside their limits  (LEADS=, PEOPLE=, ROUNDS=)"
	@echo "make scale-campaign  the page of one campaign with a million contacts  (TOUCHES=, FACTS=, ROUNDS=)"

setup: $(if $(UV_ON_PATH),,.venv/bin/uv)
	@$(UV) sync --locked --quiet

.venv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Marquee needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up .venv (once; a minute or so) ..."
	@$(PYTHON) -m venv .venv \
	  || { echo "This Python cannot make environments. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@.venv/bin/python -m pip install --quiet uv

demo: setup
	@.venv/bin/marquee demo $(if $(filter-out 0,$(FRESH)),--fresh) $(if $(PORT),--port $(PORT))

test: setup
	@.venv/bin/pytest -n 2 --dist loadgroup --no-loadscope-reorder -q $(ARGS)

# Addresses against an independent judge, which lives in an environment of its own: it needs old setuptools.
oracle: setup
	@UV_PROJECT_ENVIRONMENT=.venv-oracle MARQUEE_SKIP_ASSETS=1 $(UV) run --quiet --locked --group oracle \
	  pytest -q -rs tests/crm/test_places_oracle.py

shots: setup
	@.venv/bin/python -m tests.browser.shots $(ARGS)

SECONDS ?= 5
bench: export SECONDS := $(SECONDS)
bench: export ROUNDS := $(if $(filter command%,$(origin ROUNDS)),$(ROUNDS),3)
bench: setup
	@.venv/bin/python -m tests.bench.launch

# Each crowd is made once, in a data folder of its own (a million: some 12 GB, ten to twenty minutes).
SIZES ?= 10000 100000 1000000
bench-depth: setup
	@mkdir -p var
	@.venv/bin/python -m tests.bench.depth $(SIZES)

# This tree beside an older one, batch by batch.
BATCHES ?= 20
compare: setup
	@BASE='$(BASE)' BATCHES='$(BATCHES)' .venv/bin/python -m tests.bench.capture

# The crowd is made once, in a data folder of its own (some 12 GB, ten to twenty minutes), and stays for the next time.
LEADS ?= 1000000
PEOPLE ?= 600000
ROUNDS ?= 40
scale: export MARQUEE_DATA := $(CURDIR)/var/scale
scale: export ROUNDS := $(ROUNDS)
scale: setup
	@.venv/bin/python -m tests.bench.scale make $(LEADS) $(PEOPLE)
	@.venv/bin/python -m tests.bench.scale measure; \
	  measured=$$?; .venv/bin/marquee database stop >/dev/null; exit $$measured

# One campaign's ledgers (some 1.5 GB, two minutes), in a data folder of its own too.
TOUCHES ?= 1000000
FACTS ?= 300000
scale-campaign: export MARQUEE_DATA := $(CURDIR)/var/scale-campaign
scale-campaign: export ROUNDS := $(ROUNDS)
scale-campaign: setup
	@mkdir -p var
	@.venv/bin/python -m tests.bench.campaign_page make $(TOUCHES) $(FACTS)
	@.venv/bin/python -m tests.bench.campaign_page measure; \
	  measured=$$?; .venv/bin/marquee database stop >/dev/null; exit $$measured

check: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
