# Every target sets up what it needs; `make PYTHON=python3.12 test` chooses another interpreter.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Threads fight over matrices as small as ours.
export OPENBLAS_NUM_THREADS ?= 1
# Or each of the hundreds of processes that the tests start would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

RESOLVE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url
COMPILE := $(RESOLVE) --python-version 3.10
# Nothing is installed but what the lock files name, byte for byte.
INSTALL := $(BIN)/python -m pip install -q --require-hashes -r

.PHONY: demo test test-fast check types tests coverage bench bench-quick bench-backtest bench-gate bench-panel bench-panel-size bench-panel-gate bench-selection bench-estimation bench-growth bench-missing bench-monitor calibrate-monitor bench-report engines screenshots soak docs shown hooks lock notices bom dist release clean

demo: $(VENV)/.installed
	$(BIN)/forecastops demo

# One command for a person and for CI.
test: check

# What is pure, on few examples.
test-fast: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --hypothesis-profile=quick -m "not simulation" tests/unit

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory bench-quick
	@$(MAKE) --no-print-directory -j2 types tests

# Half a gigabyte that only CI fetches without being asked; elsewhere `make engines` does, or their tests are skipped.
ENGINES := $(if $(CI),$(VENV)/.installed-engines)
engines: $(VENV)/.installed-engines

# It takes one core, for as long as the tests' workers begin.
types: $(VENV)/.installed-dev
	$(BIN)/mypy
	# On Windows only the local endpoint is missing.
	$(BIN)/mypy --platform win32 --follow-imports=silent --cache-dir=.mypy_cache/win32 src/forecastops

tests: $(VENV)/.installed-dev $(ENGINES)
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# What of the package the tests run, also in the processes that they start; pyproject.toml has the floor.
coverage: $(VENV)/.installed-dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 4 --dist loadfile --no-loadscope-reorder
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

# Beside what others do, in an environment of theirs; where that cannot be made, the rows say so. A quarter of an hour.
bench: $(VENV)/.installed-dev
	-@$(MAKE) --no-print-directory $(VENV)-peers/.installed
	$(BIN)/python benchmarks/cycle.py
	$(BIN)/python benchmarks/product.py docs/speed.md
	$(BIN)/python benchmarks/peers $(VENV)-peers/bin/python docs/speed.md

# Has anything become slow by a factor? Within a minute; part of `make check`.
bench-quick: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/quick.py

# AdventureWorks' past lived through by every policy: how long, and what comes of it.
bench-backtest: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/backtest.py

# What is served, by which policy? Hours, since random models are drawn ten times a series; QUICK=--quick for a few series.
bench-gate: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/decisions $(QUICK)

bench-selection: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/decisions/selection.py $(QUICK)

# What is a panel's decision worth, beside a thousand single ones? Half an hour; what is fitted is kept in build/.
bench-panel-gate: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/panels $(QUICK)

# How fast is a panel trained and gated, and what do engine and decision cost?
bench-panel: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/panels/speed.py

# What does a panel of 100,000 series cost: logged, loaded, forecast, and retrained daily with screening? Half an hour.
bench-panel-size: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/panels/size.py $(if $(QUICK),--series 2000)

# Does the estimation find the optimum, and what does it cost?
bench-estimation: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/estimation.py $(QUICK)

# How does the cost of estimation and rolling origins grow with length, season, origins and horizon?
bench-growth: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/numerics/growth.py

# What do missing days cost, left to the model or interpolated?
bench-missing: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/missing.py $(QUICK)

# How large is the report on a decision, and how long does it take?
bench-report: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/report.py

# How often does the monitor cry wolf, how soon does it notice, beside what others use? An hour and more; simulations are
# kept. river runs in the peers' environment.
bench-monitor: $(VENV)/.installed-dev $(VENV)-peers/.installed
	$(BIN)/python benchmarks/monitoring --river $(VENV)-peers/bin/python $(QUICK)

# The constants of the monitor's thresholds, from champions that are simulated anew.
calibrate-monitor: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/monitoring/calibrate.py $(QUICK)

# What forecasts and the monitor are measured against: nothing of it is installed beside the package.
$(VENV)-peers/.installed: requirements-peers.lock
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip install -q --require-hashes -r requirements-peers.lock
	@touch $@

# The pictures of pages in README and docs, taken from the demonstration by Chromium.
screenshots: $(VENV)/.installed-dev
	$(BIN)/python scripts/screenshots.py

# Random kills, and pairs of machines that start at once, for an hour and more.
soak: $(VENV)/.installed-dev
	$(BIN)/python tests/support/soak.py
	$(BIN)/python tests/support/soak.py --postgresql
	$(BIN)/python tests/support/panel_kills.py --kills 30
	$(BIN)/python tests/support/races.py --pairs 200
	$(BIN)/python tests/support/races.py --pairs 100 --postgresql

# The lock files, the conda files and the models' own requirements all derive from pyproject.toml. The developers' lock
# comes first, since azure-ai-ml's telemetry lags behind mlflow's by a patch release: so the tests run what users install.
# azureml-fsspec wants an fsspec and a cloudpickle of 2023, so that extra has an environment and a lock of its own.
lock: $(VENV)/.installed-build
	$(COMPILE) --extra dev --output-file requirements-dev.lock pyproject.toml
	$(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml
	$(COMPILE) --constraint requirements-dev.lock --group build --output-file requirements-build.lock
	$(COMPILE) --constraint requirements.lock --extra cloud --output-file requirements-cloud.lock pyproject.toml
	$(COMPILE) --constraint requirements-dev.lock --extra dask --extra ray --extra spark \
		--output-file requirements-engines.lock pyproject.toml
	$(COMPILE) --extra azureml --output-file requirements-azureml.lock pyproject.toml
	$(COMPILE) --group docs --output-file requirements-docs.lock
	# Of the Python that azureml/parallel names, and of the one that the peers ask for.
	$(RESOLVE) --python-version 3.11 --group parallel --output-file requirements-parallel.lock pyproject.toml
	$(RESOLVE) --python-version 3.11 --output-file requirements-peers.lock benchmarks/peers/peers.in
	$(BIN)/python scripts/derive_pins.py $(BIN)/uv

# The pages of docs/ as a site, in build/site: a link that leads nowhere, a command or an option that does not exist, and a
# reference that is not as the code says end it.
docs: $(VENV)/.installed $(VENV)-docs/.installed
	$(BIN)/python scripts/reference.py --check
	$(BIN)/python scripts/shown_commands.py README.md README.ja.md docs/*.md
	NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/mkdocs build -q

# What the documents show of the commands' output, made anew.
shown: $(VENV)/.installed
	$(BIN)/python scripts/reference.py
	$(BIN)/python scripts/shown_output.py --write docs/tutorial.md

# The quick checks before each commit.
hooks: $(VENV)/.installed-dev
	$(BIN)/pre-commit install

# What others wrote that is installed beside the package, and under which licences.
notices: $(VENV)/.installed-dev
	$(BIN)/python scripts/third_party_notices.py

# What is in a release: every locked package with its version and hashes, in CycloneDX's format.
bom: $(VENV)/.installed-dev
	mkdir -p dist
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
		--output-format JSON --output-file dist/forecastops.cdx.json

# The source distribution and, from it, the wheel, by the locked backend; then the wheel is installed into an empty
# environment and tells the whole story from an empty folder.
dist: $(VENV)/.installed-build
	rm -f dist/*.whl dist/*.tar.gz
	$(BIN)/uv build -q --offline --no-build-isolation --python $(BIN)/python --out-dir dist
	$(BIN)/python scripts/try_wheel.py dist/*.whl

# What a tag publishes.
release: bom dist

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "forecastops needs Python 3.10 or later; set one with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed-build: requirements-build.lock | $(VENV)/bin/python
	$(INSTALL) requirements-build.lock
	@touch $@

$(VENV)/.installed: requirements.lock pyproject.toml $(VENV)/.installed-build
	$(INSTALL) requirements.lock
	# The distribution's former name, which would claim the same files and a second plugin of MLflow's.
	$(BIN)/python -m pip uninstall -qq -y forecastops
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)-docs/.installed: requirements-docs.lock
	$(PYTHON) -m venv $(VENV)-docs
	$(VENV)-docs/bin/python -m pip install -q --require-hashes -r requirements-docs.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(INSTALL) requirements-dev.lock
	@touch $@

# Dask, Ray and Spark, on which panels are tested: 530 MB to fetch, 760 MB on disk. Spark's is built from source, by the
# build backend that is locked.
$(VENV)/.installed-engines: requirements-engines.lock $(VENV)/.installed-dev
	$(INSTALL) requirements-engines.lock --no-build-isolation
	@touch $@
