# make demo   forecast a real series and leave a picture in output/
# make check   lint, types, layers and the fast tests: under 3 minutes on 2 cores
# make test   all of it, with the slow tests and the code of the docs
# make examples   the other examples, pictures in output/ as well
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: demo examples check test lint types benchmark clean

demo: $(READY)
	$(BIN)/python examples/forecast_stocks.py

examples: $(READY)
	$(BIN)/python examples/classify_vowels.py
	$(BIN)/python examples/classify_reviews.py
	$(BIN)/python examples/dosage_curve.py
	$(BIN)/python examples/fashion_mnist.py
	$(BIN)/python examples/forecast_airline.py
	$(BIN)/python examples/forecast_energy.py
	$(BIN)/python examples/household_power.py
	$(BIN)/python examples/inspect_gates.py
	$(BIN)/python examples/label_every_step.py
	$(BIN)/python examples/lecture_networks.py
	$(BIN)/python examples/resume_training.py
	$(BIN)/python examples/stream_load.py

check: lint types
	$(PYTEST) -m "not slow"

test: lint types
	$(PYTEST) --durations=15

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

benchmark: $(READY)
	$(BIN)/python tests/benchmarks/overhead.py
	$(BIN)/python tests/benchmarks/padding.py
	$(BIN)/python tests/benchmarks/classification.py
	$(BIN)/python tests/benchmarks/mlp.py
	$(BIN)/python tests/benchmarks/gru_kernel.py
	$(BIN)/python tests/benchmarks/parts.py
	$(BIN)/python tests/benchmarks/forecast_accuracy.py
	$(BIN)/python tests/benchmarks/forecasting.py
	$(BIN)/python tests/benchmarks/faults.py
	$(BIN)/python tests/benchmarks/household_power.py
	$(BIN)/python tests/benchmarks/stream.py

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'skrnn needs Python 3.11 or later; set PYTHON=/path/to/python')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[tests]"
	touch $(READY)

clean:
	rm -rf $(VENV) output build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
