# What one does with DigiOne. `make demo` and `make test` are all that a newcomer needs.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-deep check bench lock docs
PORT ?= 8000
DATA ?=
LEARNERS ?= 10000
BIN := .venv/bin
# A folder's name may hold spaces and quotes: it travels by the environment, not by the text of a command.
export DATA
# One process per processor. Each gets whole files, in the order that tests/conftest.py puts them in.
SHARED_OUT := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## make the environment (.venv), nothing else
	@scripts/setup.sh

demo: setup ## start everything with invented municipalities (PORT=8000 DATA=folder)
	@exec $(BIN)/digione demo --port $(PORT) $(if $(DATA),--data "$$DATA")

test: setup ## run the whole suite, Chromium included
	@scripts/chromium.sh
	@$(BIN)/python -m pytest tests -m "not deep" -rfEs $(SHARED_OUT)

test-deep: setup ## run the long property-based and fault tests
	@$(BIN)/python -m pytest tests -m deep

check: setup ## format, lint, types, import contract, translations, generated files
	@$(BIN)/ruff format --check -q src tests scripts
	@$(BIN)/ruff check -q src tests scripts
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m digione.web.messages --check
	@$(BIN)/digione docs --check

bench: setup ## measure, each figure beside its limit (LEARNERS=10000)
	@$(BIN)/digione bench --learners $(LEARNERS)

docs: setup ## write the generated documents anew
	@$(BIN)/digione docs

lock: ## lock the libraries anew, with hashes
	uv pip compile -q --universal --generate-hashes --no-emit-index-url pyproject.toml -o requirements/base.txt
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --group dev pyproject.toml -o requirements/dev.txt
