# PPS Ecosystem: every command that a person or CI needs. `make` alone lists them.
#
#   make run ARGS="--replicates 20"                     pass options on
#   make setup PYTHON=/path/to/python              choose the Python (default: see .ci/find-python)
#   make test VENV=.venv-3.12 PYTHON=python3.12    another environment beside .venv

VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PINS := requirements

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-analysis setup-app setup-cluster setup-docs setup-robustness setup-dev run app calibrate validate docs test test-all check bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.base ## Set up .venv with what a run needs

setup-analysis: $(VENV)/.analysis ## Set up .venv with what fits and reports need as well

setup-app: $(VENV)/.app ## Set up .venv with what the page needs as well

setup-cluster: $(VENV)/.cluster ## Set up .venv with what runs on a Dask cluster need as well

setup-docs: $(VENV)/.docs ## Set up .venv with what the books need as well

setup-robustness: $(VENV)/.robustness ## Set up .venv with the EMA workbench as well (it brings a GPL-3 library)

setup-dev: $(VENV)/.dev ## Set up .venv with the tools of development as well

run: setup ## Run the baseline scenario (ARGS="..." is passed on)
	$(BIN)/pps run baseline $(ARGS)

app: setup-app ## Serve the page on this machine (ARGS="--port 8765" is passed on)
	$(BIN)/pps app $(ARGS)

calibrate: setup-analysis ## Fit the model to what was reported (ARGS="..." is passed on)
	$(BIN)/pps calibrate $(ARGS)

validate: setup-analysis ## Compare the fitted model with what was reported and held back (ARGS="..." is passed on)
	$(BIN)/pps validate $(ARGS)

docs: setup-docs ## Build the books as a site in build/docs that needs no network
	$(BIN)/python -m sphinx -b html -W --keep-going -q docs build/docs
	@echo "Open build/docs/index.html"

test: check ## Check everything, then run the tests (ARGS="..." is passed on to pytest)
	$(BIN)/python -m pytest -n 2 -q -m "not thorough" $(ARGS)

test-all: check ## As `test`, with the tests that look further (ARGS="..." is passed on to pytest)
	$(BIN)/python -m pytest -n 2 -q $(ARGS)

check: setup-dev ## Check style, types and spelling
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/codespell

bench: setup-dev ## Measure speed (ARGS="..." is passed on)
	$(BIN)/python -m benchmarks $(ARGS)

# Resolved on the oldest Python we support, in an environment of its own. Existing pins stay unless they no
# longer fit pyproject.toml or ARGS says otherwise.
lock: ## Write the pins anew (ARGS="--upgrade" for the newest versions)
	python="$$(.ci/find-python 3.12)" && $(MAKE) setup-dev VENV=build/lock PYTHON="$$python"
	$(call compile,base,)
	$(call compile,analysis,--extra analysis --constraint $(PINS)/base.txt)
	$(call compile,app,--extra app --extra analysis --constraint $(PINS)/analysis.txt)
	$(call compile,cluster,--extra cluster --constraint $(PINS)/base.txt)
	$(call compile,docs,--extra docs --extra analysis --constraint $(PINS)/analysis.txt)
	$(call compile,robustness,--extra robustness --extra analysis --constraint $(PINS)/analysis.txt)
	$(call compile,dev,--extra dev --extra analysis --extra app --extra cluster --extra docs --extra robustness \
		--constraint $(PINS)/robustness.txt --constraint $(PINS)/cluster.txt --constraint $(PINS)/app.txt \
		--constraint $(PINS)/docs.txt)

clean: ## Remove .venv, caches and build leftovers (results stay)
	rm -rf $(VENV) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is written last, so an interrupted setup is taken up again by the next call.
$(VENV)/.base: $(PINS)/base.txt pyproject.toml
	$(call install,base)
	@touch $@

$(VENV)/.analysis: $(PINS)/analysis.txt pyproject.toml
	$(call install,analysis)
	@touch $(VENV)/.base $@

# The bundles that the page loads in the browser are no Python, and come last.
$(VENV)/.app: $(PINS)/app.txt $(PINS)/bundles.txt pyproject.toml
	$(call install,app)
	$(BIN)/python -m app.assets
	@touch $(VENV)/.base $(VENV)/.analysis $@

$(VENV)/.cluster: $(PINS)/cluster.txt pyproject.toml
	$(call install,cluster)
	@touch $(VENV)/.base $@

$(VENV)/.docs: $(PINS)/docs.txt pyproject.toml
	$(call install,docs)
	@touch $(VENV)/.base $(VENV)/.analysis $@

$(VENV)/.robustness: $(PINS)/robustness.txt pyproject.toml
	$(call install,robustness)
	@touch $(VENV)/.base $(VENV)/.analysis $@

$(VENV)/.dev: $(PINS)/dev.txt $(PINS)/bundles.txt pyproject.toml
	$(call install,dev)
	$(BIN)/python -m app.assets
	@touch $(VENV)/.base $(VENV)/.analysis $(VENV)/.app $(VENV)/.cluster $(VENV)/.docs $(VENV)/.robustness $@

# The environment is made only where none works yet. The pins are complete, so pip resolves nothing (--no-deps):
# on macOS mesa would ask for pythran as well, a compiler that it never imports.
define install
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { python="$$(.ci/find-python)" && \
		echo "Making $(VENV) with $$python" && "$$python" -m venv --clear $(VENV); }
	@echo "Installing $(PINS)/$(1).txt in $(VENV) (the first time takes a minute or two)"
	@$(PIP) install --no-deps --require-hashes -r $(PINS)/$(1).txt
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable .
endef

define compile
	CUSTOM_COMPILE_COMMAND="make lock" build/lock/bin/pip-compile --quiet --generate-hashes --strip-extras \
		--allow-unsafe --build-deps-for editable --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --no-emit-options $(2) $(ARGS) --output-file $(PINS)/$(1).txt pyproject.toml
endef
