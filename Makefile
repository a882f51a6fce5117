# Every target first sets up .venv with what it needs, and again after a change of pyproject.toml or requirements.lock.
# A second Python beside it: make PYTHON=python3.13 VENV=.venv-3.13 test
# Another build of PyTorch: make TORCH_INDEX=… demo

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Each names an extra of pyproject.toml; a larger one includes the smaller ones.
STAFF := $(VENV)/.installed-staff
TEST := $(VENV)/.installed-test
DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint prove build bench fresh docs pictures package bounds newest clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.installed-%: pyproject.toml requirements.lock
	@$(PYTHON) -I autograder/runtime/versions.py $(MAKECMDGOALS)
	@test -x $(BIN)/pip || { echo "Setting up $(VENV). PyTorch is large: this takes minutes."; $(PYTHON) -m venv $(VENV); }
	$(if $(TORCH_INDEX),PIP_EXTRA_INDEX_URL="$(TORCH_INDEX) $$PIP_EXTRA_INDEX_URL") $(BIN)/python -m pip install --constraint requirements.lock --editable ".[$*]"
	@touch $(STAFF) $(if $(filter-out staff,$*),$(TEST)) $(if $(filter dev,$*),$(DEV))

demo: $(STAFF) ## grade a made-up class that attacks the grader, and show what happens
	$(BIN)/python -m demo.run

# More processes than cores, because tests spend a quarter of their time waiting for what they have started. In the
# order of the folders, because files with few tests, which xdist would schedule last, take longest.
test: $(if $(SLOW),$(DEV),$(TEST)) ## run the tests, except those that take more than a few seconds
	$(BIN)/python -m pytest -q -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2) --dist loadfile --no-loadscope-reorder -r s $(if $(SLOW),--durations=40,-m "not slow")

test-all: ## run all tests
	$(MAKE) test SLOW=1

lint: $(DEV) ## check style, format, types and the layers of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

build: $(STAFF) ## make exercises/ and release/ from solutions/
	$(BIN)/autograder build

prove: $(STAFF) ## run the checks against all right and wrong answers
	$(BIN)/autograder prove

bench: $(DEV) ## measure how fast submissions are graded
	@for script in benchmarks/*.py; do echo "$$script"; $(BIN)/python "$$script" || exit 1; done

fresh: ## follow the README on a bare Debian, as root and as a user: make fresh SUITE=trixie (needs root, debootstrap)
	$(PYTHON) tools/fresh.py $(or $(SUITE),trixie)

docs: $(DEV) ## build the documentation's site in build/docs
	$(BIN)/sphinx-build -q -W --keep-going -b html docs build/docs
	@echo "Open build/docs/index.html"

pictures: $(DEV) ## redraw the pictures of the documentation (needs chromium)
	$(BIN)/python docs/make_pictures.py

package: $(STAFF) ## build what PyPI would get, check it, and use it in a clean environment
	$(BIN)/python -m tools.package

bounds: build ## run the solved notebooks with the oldest and the newest versions that students may have (12 GB)
	$(BIN)/python -m tools.bounds

newest: $(STAFF) ## run the tests with the newest releases of all dependencies, and report what broke (6 GB)
	$(BIN)/python -m tools.newest

clean: ## remove everything generated, except .venv and grading results
	rm -rf demo/class build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf release/source release/student release/solution release/.build-*
	find autograder tests docs demo benchmarks solutions exercises -name __pycache__ -type d -prune -exec rm -rf {} +
