# Every target sets up .venv first, once, and again when pyproject.toml or requirements.lock has changed.
# Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint prove build bench docs pictures clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(INSTALLED): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "This needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up $(VENV); PyTorch is large, so this may take some minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable ".[dev]"
	@touch $@

demo: $(INSTALLED) ## grade a made-up class with attacks on the grader, and show what comes of it
	$(BIN)/python -m demo.run

# More processes than cores: a quarter of the time, tests wait for what they have started. In the order of the
# folders, because files with few tests, which would come last, are those that take longest.
test: $(INSTALLED) ## run the tests, without those that take more than a few seconds
	$(BIN)/python -m pytest -q -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2) --dist loadfile --no-loadscope-reorder -r s $(if $(SLOW),--durations=40,-m "not slow")

test-all: ## run all tests
	$(MAKE) test SLOW=1

lint: $(INSTALLED) ## check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

build: $(INSTALLED) ## make exercises/ and release/ from solutions/
	$(BIN)/autograder build

prove: $(INSTALLED) ## run the checks against all right and wrong answers
	$(BIN)/autograder prove

bench: $(INSTALLED) ## measure how fast submissions are graded
	@for script in benchmarks/*.py; do echo "$$script"; $(BIN)/python "$$script" || exit 1; done

docs: $(INSTALLED) ## build the documentation's site in build/docs
	$(BIN)/sphinx-build -q -W --keep-going -b html docs build/docs
	@echo "Open build/docs/index.html"

pictures: $(INSTALLED) ## draw the pictures of the documentation anew (needs chromium)
	$(BIN)/python docs/make_pictures.py

clean: ## remove what was made, but not .venv and no results of grading
	rm -rf demo/class build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf release/source release/student release/solution release/.build-*
	find autograder tests docs demo benchmarks solutions exercises -name __pycache__ -type d -prune -exec rm -rf {} +
