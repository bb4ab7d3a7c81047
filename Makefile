# Kuaifu (快复). `make` alone lists what there is. Everything lands in .venv/ and var/, nothing outside this folder.
# Works with GNU make 3.81 and later (the one on macOS).

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
PY := .venv/bin/python
RUN := .venv/.run
DEV := .venv/.dev
FLASK := $(PY) -m flask --app wsgi
PIP := $(PY) -m pip install --quiet --no-input --disable-pip-version-check
PO := $(wildcard app/translations/*/LC_MESSAGES/*.po)
MO := $(PO:.po=.mo)
TICKETS ?= 1000
SEED ?= 1
PORT ?= 8000
DATA_DIR ?= var
export PORT DATA_DIR
# Where it is set, each process would compile the whole portal again.
unexport PYTHONDONTWRITEBYTECODE
export THOROUGH SIZE ENGINE OUT BENCH_DATABASE_URL CHAOS_DATABASE_URL
export DAILY PEAK HOURS SITES STAFF PER_HOUR OPENS CLOSES FIRST_MINUTES DUE ONLINE WEB WORKER DATABASE CORES \
	DATABASE_MOST FILL PLAN BENCH BENCH_CORES

.DEFAULT_GOAL := help
.PHONY: help run test lint format mutants fuzz soak audit replay chaos bench simulate demo-history screenshots venv dev \
	translations upgrade migration clean

help: ## list what make can do
	@echo 'Kuaifu 快复. The two commands of a newcomer: make run, make test'
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-13s %s\n", $$1, $$2 }'

run: $(RUN) $(MO) ## set up if needed and start the portal with demo data (PORT=8000 DATA_DIR=var); Ctrl-C stops it
	@MALLOC_ARENA_MAX=2 exec $(PY) -m launcher.run

test: $(DEV) $(MO) ## the suite on each engine and in the browser; THOROUGH=1 goes through every case, too; ARGS="-k reply" is for pytest
	@exec $(PY) -m launcher.suite $(ARGS)

lint: $(DEV) ## ruff, its formatter and mypy, all without a complaint
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

format: $(DEV) ## let ruff put imports and layout right
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

mutants: $(DEV) $(MO) ## take one rule away at a time: does a named test notice? WORD="lease" for some of them
	@exec $(PY) -m launcher.mutants $(if $(WORD),"$(WORD)")

fuzz: $(DEV) $(MO) ## throw new inputs at the parsers for MINUTES=5; WORD="sheet" for some of them
	@exec $(PY) -m launcher.fuzz $(if $(MINUTES),--minutes $(MINUTES)) $(if $(WORD),--word "$(WORD)")

soak: $(DEV) $(MO) ## take the promises' figures at their full size, hours in all (WORD="writers" for some of them, ENGINE=sqlite or postgresql)
	@exec $(PY) -m launcher.soak $(if $(WORD),"$(WORD)")

audit: $(DEV) ## ask the public advisories for known holes in the pinned libraries; offline it says so
	@exec $(PY) -m launcher.advisories

replay: $(RUN) $(MO) ## drive a fresh portal with TICKETS=1000 real tickets and compare the outcome
	@exec $(PY) -m launcher.replay --tickets $(TICKETS)

chaos: $(RUN) $(MO) ## faults every few seconds under load, then compare what everybody says (SEED=1 MINUTES=2 ENGINE=sqlite or postgresql, DRILL=hosts)
	@exec $(PY) -m chaos --seed $(SEED) --minutes $(or $(MINUTES),2) $(if $(ENGINE),--engine $(ENGINE)) $(if $(DRILL),--drill $(DRILL))

demo-history: $(RUN) $(MO) ## fill the demo with a real service desk's log: 20,769 tickets with their past, and an afternoon's open work
	@exec $(PY) -m launcher.prepare "db upgrade" "demo load" $(foreach log,incident_event_log_open incident_event_log,\
		"import-history data/incident_event_log.csv.gz --json --mapping data/mappings/$(log).toml --rejects '$(DATA_DIR)/$(log).rejects.csv'")

bench: $(RUN) $(MO) ## what the work costs beside what the machine could do (SIZE=10000 ENGINE=sqlite or postgresql, OUT=bench.json; PEERS=1: other systems beside it)
	@exec $(PY) -m bench

simulate: $(RUN) ## a sale day on paper, hour by hour: queues, late clocks, what is full first (DAILY=100000 STAFF=3000 WEB=4; PLAN=1: machines for three sizes; BENCH=bench.json)
	@SEED=$(SEED) exec $(PY) -m capacity

screenshots: $(DEV) $(MO) ## pictures of the main pages, desktop and phone, into docs/screenshots/
	@exec $(PY) -m launcher.screenshots

venv: $(RUN) ## only the virtual environment with what the portal needs
dev: $(DEV) ## the same with the tools of the developers
translations: $(MO) ## compile the texts that changed

upgrade: $(RUN) ## bring the database up to the newest migration, and add the categories, policy and free days it lacks
	@$(PY) -m launcher.prepare "db upgrade" seed

migration: $(DEV) ## write a migration for what changed in app/models (M="what it does")
	@test -n "$(M)" || { echo 'Say what it does: make migration M="add the claim table"'; exit 1; }
	@$(FLASK) db migrate -m "$(M)"

clean: ## remove the virtual environment and the caches; the data in var/ stays
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo 'Kuaifu needs Python 3.11 or later, and none was found. Install one, or name it: make PYTHON=/path/to/python3'; exit 1; }
	@echo "Making the virtual environment in .venv with $(PYTHON)"
	@$(PYTHON) launcher/bootstrap.py .venv

$(RUN): requirements.txt | .venv/bin/python
	@echo 'Installing the libraries into .venv (once)'
	@$(PIP) -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(RUN)
	@echo 'Installing the tools of the developers into .venv (once)'
	@$(PIP) -r requirements-dev.txt
	@touch $@

%.mo: %.po | $(RUN)
	@$(PY) -m babel.messages.frontend compile --input-file $< --output-file $@
