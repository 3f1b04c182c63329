# Two commands on a fresh machine: `make demo` runs the main job, `make test` checks everything.
# While you work, `make check` is enough: lint, types and the unit tests.
# Each makes .venv by itself when it is missing or older than what it is made from.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Compiled modules are kept: without them, every process compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: env demo check test tests test-slow trust rates lint architecture docs clean

env: $(VENV)/.ready

# --without-pip and `pip --python`: Debian ships venv without ensurepip.
$(VENV)/.ready: pyproject.toml constraints.txt
	@echo "installing into $(VENV) (about a minute)"
	@$(PYTHON) -m venv --without-pip $(VENV)
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[dev]'
	@touch $@

demo: env
	@$(BIN)/python -m benchmarks.demo

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint
	$(BIN)/pytest -n auto --dist loadfile -m 'not slow and not gpu and not integration'

# Types are checked beside the first tests: mypy uses one core.
test: env
	@$(MAKE) --no-print-directory -j2 lint tests

tests:
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

# Compiled as in a run, by XLA's own choices: the slow tests, and parity with the reference once more.
test-slow: env
	XLA_FLAGS=--xla_cpu_use_fusion_emitters=true $(BIN)/pytest -m slow
	XLA_FLAGS=--xla_cpu_use_fusion_emitters=true $(BIN)/pytest tests/agent -k parity

# Injects faults into the product and prints what was lost; under half an hour on two cores.
trust: env
	@$(BIN)/python -m benchmarks.trust

# Reprints false alarms and detection of the guard, and fails if a promise is not kept; some minutes.
rates: env
	@$(BIN)/python -m benchmarks.guard_rates

architecture: env
	@$(BIN)/python -m benchmarks.architecture

# Writes generated pages, then builds the site into site/.
docs: env
	@$(BIN)/python -m benchmarks.documentation
	@$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[docs]'
	@$(BIN)/python -m benchmarks.documentation --site zensical.toml
	$(BIN)/zensical build --clean --strict

clean:
	rm -rf $(VENV) demo site zensical.toml
