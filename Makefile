# `make` alone says what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
PIP := -m pip --quiet --disable-pip-version-check

# The demo needs no torch: where nothing has been set up, it gets an environment of its own.
DEMO_VENV := $(if $(wildcard $(READY)),$(VENV),.venv-demo)
DEMO_OUT := out/demo
DEMO_SEED := 200001

# Real images are not part of the repository; tests that need them skip without.
SPINEMETS_DATA ?= $(abspath $(wildcard ../shared/data))
ifneq ($(strip $(SPINEMETS_DATA)),)
export SPINEMETS_DATA
endif

.PHONY: help
help: ## Say what there is
	@echo "spinemets: from a CT of the spine to vertebrae, levels and a report. Research use only."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s%s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "New here? 'make demo' simulates a patient, assesses it and says where the report is."
	@echo "Real images for the tests: $(or $(strip $(SPINEMETS_DATA)),none; set SPINEMETS_DATA to their folder)"

.PHONY: setup
setup: $(READY) ## Make .venv with everything: inference, training, tests

$(READY): pyproject.toml constraints.txt
	@echo "Installing into $(VENV); the first time takes some minutes."
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python $(PIP) install -e '.[cpu,openvino,train,dev]' -c constraints.txt
	@touch $@

.venv-demo/.ready: pyproject.toml constraints.txt
	@echo "Installing into .venv-demo (no torch)."
	@test -x .venv-demo/bin/python || $(PYTHON) -m venv .venv-demo
	@.venv-demo/bin/python $(PIP) install -e '.[cpu]' -c constraints.txt
	@touch $@

.PHONY: demo
demo: $(DEMO_VENV)/.ready ## Simulate a patient as DICOM, assess it, say where the report is
	@echo "Simulating patient $(DEMO_SEED) ..."
	@$(DEMO_VENV)/bin/spinemets simulate --out $(DEMO_OUT) --cases 1 --seed $(DEMO_SEED) --field abdomen --dicom
	@echo "Assessing its DICOM series ..."
	@$(DEMO_VENV)/bin/spinemets assess $(DEMO_OUT)/patient-$(DEMO_SEED)/dicom --out $(DEMO_OUT)/report --malignancy known
	@echo
	@echo "The report:  $(DEMO_OUT)/report/report.html  (open it in a browser)"
	@echo "The numbers: $(DEMO_OUT)/report/report.json"
	@echo "The truth:   $(DEMO_OUT)/patient-$(DEMO_SEED)/truth.json"

# One thread a process: two processes of two threads each would fight over two cores.
.PHONY: test
test: $(READY) ## Run the tests and the examples in docstrings, with a floor for coverage
	@OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -q -n 2 --cov --cov-report=term:skip-covered

.PHONY: check
check: $(READY) ## Lint, formatting, types, architecture
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

.PHONY: verify
verify: $(READY) ## Measure what README and the model cards claim (long; needs real images)
	@$(VENV)/bin/python scripts/verify.py all

.PHONY: clean
clean: ## Remove what was built or written, but no environment, training run or case cache
	@rm -rf out build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks .coverage*
	@find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
