# Two commands to know: `make demo` shows everything, `make test` checks everything.
PYTHON ?= $(firstword $(shell command -v python3.11 python3.12 python3.13 python3) python3)
RUN := .venv/bin/python
SHIRUSHI_HOME ?= .shirushi
export SHIRUSHI_HOME
.DEFAULT_GOAL := help
.PHONY: help setup demo up down rotate test gpu check bench fuzz load soak lock bill audit chaos mutants

help:  ## list these targets
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "make %-6s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## make .venv and the page; seconds when nothing changed
	@$(PYTHON) deploy/setup.py runtime

demo: setup  ## make a logo dataset, train, judge and draw a detector, leave the system up
	@$(RUN) -m deploy.demo

up: setup  ## start the bus, the store and the services; Ctrl-C stops them
	@$(RUN) -m deploy.up

down:  ## stop the stack of SHIRUSHI_HOME
	@$(RUN) -m deploy.down

rotate:  ## new passwords, keys and certificates for SHIRUSHI_HOME; a running stack starts again with them
	@$(RUN) -m deploy.rotate

test:  ## run every test on real servers and a real browser
	@$(PYTHON) deploy/setup.py test
	@$(RUN) -m pytest -n auto --maxprocesses 4 --dist loadgroup

gpu:  ## run what only an NVIDIA GPU can show
	@$(PYTHON) deploy/setup.py test
	@$(RUN) -m pytest -m gpu -s

check:  ## lint, format, types, and the page's own check
	@$(PYTHON) deploy/setup.py check
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy .
	@$(PYTHON) deploy/setup.py npm run check

bench:  ## measure: latencies, throughput, memory
	@$(PYTHON) deploy/setup.py test
	@$(RUN) -m pytest tests/bench -s

SECONDS ?= 60
fuzz:  ## look for inputs that break a property: make fuzz SECONDS=600
	@$(PYTHON) deploy/setup.py test
	@$(RUN) -m tests.fuzz $(SECONDS)

load:  ## 10,000 jobs in the log, 1,000 sockets, 200 requests a second for a minute
	@$(PYTHON) deploy/setup.py test
	@$(RUN) -m tests.load

soak:  ## 1,000 tiny trainings with a double of the training process: nothing grows
	@$(PYTHON) deploy/setup.py test
	@$(RUN) -m tests.load.soak

lock:  ## the hashes of what set-up installs, for changed requirements
	@$(RUN) -m deploy.lock

bill:  ## sbom.cdx.json (CycloneDX) and docs/licences.md
	@$(RUN) -m deploy.bill

audit: setup  ## known weaknesses of what is pinned
	@$(RUN) -m deploy.audit

chaos:  ## storms on the whole system: make chaos SECONDS=600 SEED=1
	@$(PYTHON) deploy/setup.py test
	@$(RUN) -m tests.chaos --seconds $(SECONDS) --seed $(or $(SEED),1) --storm-s $(or $(STORM),30) --shrink 12 $(if $(SEED),,--kept)

mutants:  ## whether broken builds are caught by storms made for them
	@$(PYTHON) deploy/setup.py test
	@$(RUN) -m tests.chaos.mutation
