# make demo   forecast a real series and leave a picture in output/
# make check   lint, types, layers and the fast tests: under 3 minutes on 2 cores
# make test   all of it, with the slow tests and the code of the docs
# make test-torch   the fast tests of the rooms that train, without the engine
# make examples   the other examples, pictures in output/ as well; -j2 runs two at a time
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LIBRARIES := $(VENV)/.libraries
# two processes of one thread each: with two, they would wait for each other's cores
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal
EXAMPLES := $(filter-out forecast_stocks,$(notdir $(basename $(wildcard examples/*.py))))

.PHONY: demo examples $(EXAMPLES) check test test-torch lint types benchmark clean

demo: $(LIBRARIES)
	$(BIN)/python examples/forecast_stocks.py

examples: $(EXAMPLES)

$(EXAMPLES): $(LIBRARIES)
	$(BIN)/python examples/$@.py

check: lint types $(LIBRARIES)
	$(PYTEST) -m "not slow"

test: lint types $(LIBRARIES)
	$(PYTEST) --durations=15

test-torch: $(READY)
	SKRNN_ENGINE=torch $(PYTEST) -m "not slow" tests/estimators tests/modules tests/training

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

benchmark: $(LIBRARIES)
	$(BIN)/python tests/benchmarks/engine.py
	$(BIN)/python tests/benchmarks/search.py
	$(BIN)/python tests/benchmarks/padding.py
	$(BIN)/python tests/benchmarks/classification.py
	$(BIN)/python tests/benchmarks/mlp.py
	$(BIN)/python tests/benchmarks/parts.py
	$(BIN)/python tests/benchmarks/forecast_accuracy.py
	$(BIN)/python tests/benchmarks/forecasting.py
	$(BIN)/python tests/benchmarks/faults.py
	$(BIN)/python tests/benchmarks/household_power.py
	$(BIN)/python tests/benchmarks/stream.py

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'skrnn needs Python 3.11 or later; set PYTHON=/path/to/python')"
	$(PYTHON) -m venv $(VENV)
	SKRNN_ENGINE_BUILD=none $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[tests]"
	touch $(READY)

# an edit of the source builds the libraries again, and installs nothing else
$(LIBRARIES): $(READY) skrnn/engine/_compile.py $(wildcard skrnn/engine/source/*)
	$(BIN)/python skrnn/engine/_compile.py --fetch
	touch $(LIBRARIES)

clean:
	rm -rf $(VENV) output build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis skrnn/engine/libraries
