# Each target does all of its own set-up; README.md says what they are for.
PYTHON ?= python3
PORT ?= 8000
SANDBOX_PORT ?= 8001
NEWSROOM_PORT ?= 8002
VENV := .venv
PY := $(VENV)/bin/python
# What Python imports lies compiled in here, so that every start is a fast one and nothing is left beside the sources.
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/bytecode
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-long check audit bench setup setup-test lock pictures words

demo: setup
	@$(PY) -m membership demo --port $(PORT) --sandbox-port $(SANDBOX_PORT) --newsroom-port $(NEWSROOM_PORT) $(if $(FRESH),--fresh)

test: setup-test
	@$(PY) -m tests.run

test-long: setup-test
	@$(PY) -m tests.run --long

check: setup-test
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(PY) -m tests.run

# Known flaws in what we depend on. The tool has an environment of its own; where it cannot be had, that is said.
audit: setup
	@test -x $(VENV)/audit/bin/pip-audit || { $(VENV)/bin/uv venv --quiet --python $(PY) $(VENV)/audit && UV_HTTP_TIMEOUT=5 UV_HTTP_RETRIES=1 $(VENV)/bin/uv pip install --quiet --python $(VENV)/audit/bin/python pip-audit==2.10.1; } || true
	@$(PY) -m tests.audit $(VENV)/audit/bin/pip-audit

bench: setup-test
	@SCALE=$(SCALE) $(PY) -m bench $(BENCH)

setup: $(VENV)/.installed $(VENV)/.catalogs
setup-test: $(VENV)/.installed $(VENV)/.installed-test $(VENV)/.catalogs

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: install it (Debian and Ubuntu: the package python3-venv) and run make again."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock

$(VENV)/.installed: requirements.lock $(VENV)/bin/uv
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes -r requirements.lock
	@$(PY) -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'membership.pth').write_text(str(pathlib.Path.cwd()))"
	@printf '#!%s\nimport sys\nfrom membership.cli import main\nsys.exit(main())\n' "$(CURDIR)/$(PY)" > $(VENV)/bin/membership && chmod +x $(VENV)/bin/membership
	@touch $@

$(VENV)/.installed-test: requirements-test.lock $(VENV)/.installed
	@$(VENV)/bin/uv pip install --quiet --python $(PY) --require-hashes -r requirements-test.lock
	@touch $@

# The translations as the programs read them.
CATALOGS := $(wildcard membership/translations/*/LC_MESSAGES/messages.po)
$(VENV)/.catalogs: $(CATALOGS) | $(VENV)/.installed
	@$(PY) -m membership.catalogs
	@touch $@

# All words anew out of the sources into the catalogs: what is new is empty there, what nobody says any more is gone.
words: setup-test
	@$(PY) -m tests.house.words $(TEMPLATE)
	@$(PY) -m membership.catalogs

lock: $(VENV)/bin/uv
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade pyproject.toml -o requirements.lock
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade --extra test pyproject.toml -c requirements.lock -o requirements-test.lock
	@printf 'uv\n' | $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --upgrade - -o requirements-uv.lock

pictures: setup-test
	@$(PY) -m tests.browser.pictures
