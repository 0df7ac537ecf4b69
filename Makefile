# Two commands: `make demo` runs the main job, `make test` passes the tests. Both set up what they need.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
WORKERS ?= 3
DATA ?= ../shared/data/matching
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test dev docs bench bench-match eval evaluate-project odoo lint clean help

demo: $(READY)  ## run everything on the simulated retailer: extract, build, publish, verify
	$(BIN)/assay demo

test: $(READY)  ## lint, then the whole test suite
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

dev: $(READY)  ## open the Dagster UI with everything loaded and nothing running by itself
	$(BIN)/assay dev

docs: $(READY)  ## write the dbt docs as one static file
	$(BIN)/assay docs

eval: $(READY)  ## score duplicate resolution: the estate's truth if it was built, and every public set found in DATA; draw its curves
	@mkdir -p .assay
	@test ! -d .assay/exports/matched || $(BIN)/assay match eval
	$(BIN)/assay match eval --mapping tests/matching/mappings --data $(DATA) --curve .assay/precision_over_recall.svg

evaluate-project: $(READY)  ## fetch dbt-project-evaluator and ask it about the dbt project
	cd tests/rules/evaluator && $(abspath $(BIN))/dbt deps \
	  && $(abspath $(BIN))/dbt build --select package:dbt_project_evaluator dbt_project_evaluator_exceptions

bench: $(READY)  ## print speed and memory as ratios to a baseline measured in the same run
	$(BIN)/python -m benchmarks

bench-match: $(READY)  ## match 100 thousand, 1 million and 5 million customer rows, against plain Splink
	$(BIN)/python -m benchmarks match

odoo: $(READY)  ## provision a real Odoo 19 on PostgreSQL into .odoo/ (Debian)
	$(BIN)/python -m tests.odoo.server provision

lint: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

clean:  ## forget the demo's state, keep the environment
	rm -rf .assay dbt_project/target

help:
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/'

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Assay needs Python 3.11 or newer; run: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --disable-pip-version-check --progress-bar off --quiet --require-hashes --no-deps --no-compile \
	  -r requirements.lock
	$(BIN)/pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/pip check --disable-pip-version-check --quiet
	$(BIN)/python -c 'from pipelines import resources, transform; transform.parsed(resources.settings())'
	@touch $@
