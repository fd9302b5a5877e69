# Two commands matter: `make demo` and `make test`. Each sets up what it needs.
UV_VERSION := 0.13.9
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := .venv/bin/
export PATH := $(CURDIR)/.tools/bin:$(PATH)

.PHONY: demo test test-spark check fix bench bench-epi docs setup setup-tests clean

demo: .venv/.ready
	$(RUN)lianfang demo

# On SQLite, then what touches the database on a PostgreSQL of its own, then the journeys in a real browser.
test: .venv/.ready setup-tests check
	$(RUN)pytest -n 2 -m "not browser"
	$(RUN)python tests/postgres.py $(RUN)pytest -n 2 -m "not browser and not pure" tests/parts tests/contracts/test_tables.py
	$(RUN)pytest -n 2 --dist loadfile -m browser tests/browser

# Never changes a file. `make fix` mends what can be mended without thought.
check: .venv/.ready
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)lint-imports
	$(RUN)mypy
	$(RUN)lianfang manage makemigrations --check --dry-run
	$(RUN)python hatch_build.py --check

fix: .venv/.ready
	$(RUN)ruff check --fix .
	$(RUN)ruff format .

# The same figures on Spark: in one process, and on a master with two workers on loopback. Brings its own environment.
test-spark: .venv/.ready setup-tests
	@command -v java >/dev/null || { echo "Spark needs Java 17 or later. Install it with: apt-get install default-jre-headless"; exit 1; }
	UV_PROJECT_ENVIRONMENT=.venv-spark $(UV) sync --locked --extra spark
	.venv-spark/bin/pytest -n 0 -m spark tests/spark

bench: .venv/.ready
	$(RUN)python -m benchmarks

# Beside R with EpiEstim and surveillance; names the one command that installs them where they are missing.
bench-epi: .venv/.ready
	$(RUN)python -m benchmarks.epi

docs: .venv/.ready
	$(RUN)python -m docs.generate
	NO_MKDOCS_2_WARNING=1 $(RUN)mkdocs build --strict --quiet
	@echo "The manual stands in site/index.html"

setup: .venv/.ready

.venv/.ready: pyproject.toml uv.lock hatch_build.py build_areas.py build_fonts.py web/package-lock.json | $(UV)
	$(UV) sync --locked --extra postgres
	touch $@

.tools/bin/uv:
	python3 -m venv .tools || { echo "Python's venv module is missing. Install it with: apt-get install python3-venv"; exit 1; }
	.tools/bin/pip install --quiet uv==$(UV_VERSION)

# What the tests need from the operating system. As root it is installed; otherwise the one command is named.
setup-tests:
	@sh tests/system_packages.sh

clean:
	rm -rf .venv .venv-spark .tools node_modules web/node_modules dist site
