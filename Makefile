# All tasks of a checkout. The first target that needs an environment makes it, and makes it again only when its lock
# file has changed. Installations write to stderr, so that stdout holds the result only.

PYTHON ?= python3
ARGS ?=
JOBS ?= 3
UV = uv==0.13.9
AUDIT = pip-audit==2.10.1

# A terminal shows the progress of the downloads; a log does not.
QUIET := $(shell test -t 2 || echo --quiet)
PIP = -m pip --disable-pip-version-check $(QUIET) install
# The files of the tests lie in memory if that has room: on a disk, a database waits for it at each commit. Only what a
# failed test has left stays there.
MEMORY := $(shell test -w /dev/shm && df -Pk /dev/shm | awk 'NR == 2 && $$4 > 2000000 { print "/dev/shm" }')
BESIDE = --numprocesses $(JOBS) --dist worksteal --override-ini tmp_path_retention_policy=failed
PYTEST = $(MEMORY:%=PYTEST_DEBUG_TEMPROOT=%) .venv-test/bin/python -m pytest
# The folders with most of the fast tests; collecting the others would take longer than running these.
FAST = tests/config tests/knowledge_base tests/bot/commands tests/bot/messages tests/bot/outgoing tests/bot/test_texts.py
SELF = $(PIP) --no-deps --no-build-isolation --editable .

# Torch and the packages that only it needs have several builds; its own index chooses, so no lock file holds them.
TORCH = torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc \
	nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse \
	nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx
NO_TORCH = --constraint requirements/torch.txt $(TORCH:%=--no-emit-package=%)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help chat try-telegram install install-full test-fast test test-matrix test-full check bench campaign campaign-browser campaign-fuzz lock sbom audit clean

help: ## show this list
	@echo "make TARGET [PYTHON=python3.12] [JOBS=4] [ARGS='more arguments']"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

chat: .venv/.installed ## install the light set and chat in this terminal (you can also pipe lines)
	@.venv/bin/python run_bot.py chat $(ARGS)

try-telegram: .venv-test/.installed ## try the bot on a Telegram Bot API on this machine; you type as a user and need no account
	@.venv-test/bin/python -m tests.telegram_api $(ARGS)

install: .venv/.installed ## install the light set into .venv: all that a small server needs

install-full: .venv-full/.installed ## install the full set into .venv-full: with torch and sentence-transformers

test-fast: .venv-test/.installed ## run the pure tests and those on SQLite: under a minute on two cores
	@$(PYTEST) --quiet $(BESIDE) -m fast $(FAST) $(ARGS)

test: .venv-test/.installed .venv-synapse/.installed ## run every test that needs no torch; ARGS='-k inbox' for a few, JOBS=0 in one process
	@$(PYTEST) $(BESIDE) $(ARGS)

test-matrix: .venv-test/.installed .venv-synapse/.installed ## run only the tests of the Matrix channel on a real homeserver
	@$(PYTEST) $(BESIDE) -m "matrix and not campaign" $(ARGS)

test-full: .venv-full/.tests ## run the tests with sentence-transformers and real weights
	@.venv-full/bin/python -m pytest -m full $(ARGS)

check: .venv-test/.installed ## check format, lint, types, import rules, prose, and that docs and product agree
	@.venv-test/bin/ruff format --check .
	@.venv-test/bin/ruff check .
	@.venv-test/bin/mypy
	@.venv-test/bin/python -m pytest --quiet tests/test_architecture.py tests/test_docs.py tests/test_packaging.py tests/test_prose.py

bench: .venv-full/.bench ## measure cold start, memory, import rate and latency; prints the tables of docs/proof.md
	@.venv-full/bin/python -m benchmarks $(ARGS)

campaign: .venv-test/.installed .venv-synapse/.installed ## run the long kill and load campaigns
	@.venv-test/bin/python -m pytest -m campaign $(ARGS)

campaign-browser: .venv-test/.installed .venv-synapse/.installed ## run only the users of Element Web; needs npm and Chromium
	@.venv-test/bin/python -m pytest -m browser $(ARGS)

campaign-fuzz: .venv-test/.installed ## run only the 10,000 broken Matrix events and Telegram updates; FUZZ_SEED=… again
	@.venv-test/bin/python -m pytest -m fuzz $(ARGS)

lock: .venv-lock/.installed ## resolve pyproject.toml again into requirements/ (all platforms, with hashes)
	@$(COMPILE) $(UPGRADE) --output-file requirements/light.txt
	@$(COMPILE) $(UPGRADE) --constraint requirements/light.txt --group dev --output-file requirements/dev.txt
	@$(COMPILE) $(UPGRADE) --constraint requirements/dev.txt $(NO_TORCH) --extra full --output-file requirements/full.txt
	@$(COMPILE) $(UPGRADE) --constraint requirements/full.txt --constraint requirements/dev.txt $(NO_TORCH) --extra full \
		--group dev --group full-tests --output-file requirements/full-dev.txt
	@$(COMPILE) $(UPGRADE) --constraint requirements/full-dev.txt --constraint requirements/torch.txt --extra full \
		$(TORCH:%=--no-emit-package=%) \
		--group dev --group full-tests --group bench --output-file requirements/bench.txt
	@$(subst pyproject.toml --group build,requirements/synapse.in,$(COMPILE)) $(UPGRADE) --output-file requirements/synapse.txt

sbom: ## write the bill of materials of an installation (CycloneDX 1.6) to stdout; downloads the files
	@$(PYTHON) -m pip --disable-pip-version-check --quiet download --no-deps --require-hashes --dest .cache/files \
		--requirement requirements/light.txt </dev/null >&2
	@$(PYTHON) tools/sbom.py requirements/light.txt .cache/files

audit: ## look up known vulnerabilities of the locked packages; needs the internet (api.osv.dev)
	@$(PYTHON) -m venv .venv-audit </dev/null >&2
	@.venv-audit/bin/python $(PIP) $(AUDIT) </dev/null >&2
	@.venv-audit/bin/pip-audit --no-deps --disable-pip --require-hashes --vulnerability-service osv --requirement requirements/light.txt

clean: ## remove environments and caches; never var/, which holds the data
	@rm -rf .venv .venv-test .venv-full .venv-lock .venv-synapse .venv-audit build dist *.egg-info .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# `make lock UPGRADE=--upgrade` takes newer releases; without it only what pyproject.toml asks for changes.
UPGRADE ?=
COMPILE = env -u UV_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_DEFAULT_INDEX -u UV_FIND_LINKS \
	.venv-lock/bin/uv pip compile --no-config --quiet pyproject.toml --group build \
	--universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --annotation-style line --custom-compile-command "make lock"

.venv/.installed: requirements/light.txt pyproject.toml
	@echo "Installing the light set into .venv: a minute or two, once." >&2
	@$(call venv,.venv)
	@$(call pip,.venv,$(PIP) --require-hashes --requirement requirements/light.txt)
	@$(call pip,.venv,$(SELF))
	@touch $@

.venv-test/.installed: requirements/dev.txt pyproject.toml
	@echo "Installing the light set and the test tools into .venv-test: two minutes, once." >&2
	@$(call venv,.venv-test)
	@$(call pip,.venv-test,$(PIP) --require-hashes --requirement requirements/dev.txt)
	@$(call pip,.venv-test,$(SELF))
	@touch $@

.venv-full/.installed: requirements/full.txt requirements/torch.txt pyproject.toml
	@echo "Installing torch and the full set into .venv-full: several minutes, once." >&2
	@$(call venv,.venv-full)
	@$(call pip,.venv-full,$(PIP) --constraint requirements/torch.txt torch)
	@$(call pip,.venv-full,$(PIP) --no-deps --require-hashes --requirement requirements/full.txt)
	@$(call pip,.venv-full,$(SELF))
	@$(call pip,.venv-full,-m pip check)
	@touch $@

.venv-full/.tests: .venv-full/.installed requirements/full-dev.txt
	@$(call pip,.venv-full,$(PIP) --no-deps --require-hashes --requirement requirements/full-dev.txt)
	@$(call pip,.venv-full,-m pip check)
	@touch $@

.venv-full/.bench: .venv-full/.tests requirements/bench.txt
	@$(call pip,.venv-full,$(PIP) --no-deps --require-hashes --requirement requirements/bench.txt)
	@$(call pip,.venv-full,-m pip check)
	@touch $@

.venv-synapse/.installed: requirements/synapse.txt
	@echo "Installing a Matrix homeserver for the tests into .venv-synapse: half a minute, once." >&2
	@$(call venv,.venv-synapse)
	@$(call pip,.venv-synapse,$(PIP) --require-hashes --requirement requirements/synapse.txt)
	@touch $@

.venv-lock/.installed: Makefile
	@$(call venv,.venv-lock)
	@$(call pip,.venv-lock,$(PIP) $(UV))
	@touch $@

# $(call venv,FOLDER): make an empty environment; nothing of a folder left by an older lock file stays in it.
define venv
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "Python 3.11 or newer is needed. Name it: make PYTHON=python3.12 TARGET" >&2; exit 1; }; \
	$(PYTHON) -m venv --clear $(1) </dev/null >&2
endef

# $(call pip,FOLDER,ARGUMENTS): run pip; stdin belongs to the chat, stdout to the result.
define pip
	$(1)/bin/python $(2) </dev/null >&2
endef
