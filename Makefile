# The commands of this project; `make` alone lists them.
# One environment serves demo and tests: torch is nearly all of its size.

# makes the environments; one that is there keeps its own until it is removed
PYTHON = python3
# further requirements for .venv, as in: make test PINS='torch~=2.6.0 torchvision~=0.21.0'
PINS   =
BIN    = .venv/bin
PIP    = -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo gpu test test-newest test-browser check readme docs clean

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: .venv/.installed ## Train a small network twice, evaluate every depth inside it: table and figure in out/
	@$(BIN)/python -m stimulative.demo

# further options of the command, as in: make gpu ARGS='--minutes 9 --out gpu_results --data /data'
ARGS =

gpu: .venv/.installed ## All that waits for a CUDA device, in slices that can be stopped; ARGS=--tiny tries it in small
	@$(BIN)/python -m stimulative.gpu $(ARGS)

# one thread a notebook: nbdev_test runs as many notebooks at a time as there are cores
test: check ## Run the checks, then every notebook
	@OMP_NUM_THREADS=1 $(BIN)/nbdev_test --timing --do_print

check: .venv/.installed ## Notebooks clean, modules and README in step with them? Mends what is not
	@$(BIN)/python .ci/check.py

readme: .venv/.installed ## Make README.md from nbs/index.ipynb
	@$(BIN)/python .ci/readme.py .

docs: .venv/.installed ## Make the documentation's pages, check links and pictures; render the site in _docs where Quarto is installed
	@$(BIN)/python .ci/docs.py

# A wheel from the tree, in an environment with the newest of all it needs; run from outside, so that no file of the tree is imported.
test-newest: ## Run the built wheel with the newest fastai and torch, in .venv-newest
	@$(call venv,.venv-newest)
	@rm -rf build .wheel && .venv-newest/bin/python $(PIP) wheel -qq --no-deps -w .wheel .
	@echo 'Installing the newest of everything into .venv-newest: some minutes the first time'
	@.venv-newest/bin/python $(PIP) uninstall -qq -y stimulative
	@.venv-newest/bin/python $(PIP) install -qq --upgrade --upgrade-strategy eager .wheel/*.whl 'fastai>=2.8.12' 'fastcore>=2'
	@rm -rf build .wheel
	@here=$$PWD && tmp=$$(mktemp -d) && cd $$tmp && $$here/.venv-newest/bin/python $$here/.ci/newest.py; rc=$$?; rm -rf $$tmp; exit $$rc

# JupyterLab and Voila in an environment of their own; the kernel they start is that of .venv. Chromium is the system's.
test-browser: .venv/.installed ## Move the explorer's sliders in JupyterLab and Voila, draw digits, with Chromium; pictures in out/browser
	@$(BIN)/python .ci/browser.py --has-chromium
	@$(call venv,.venv-browser)
	@echo 'Installing JupyterLab, Voila and Playwright into .venv-browser: a minute the first time'
	@.venv-browser/bin/python $(PIP) install -qq 'jupyterlab>=4.4,<5' 'voila>=0.5.8,<0.6' 'jupyterlab_widgets>=3,<4' 'widgetsnbextension>=4,<5' 'playwright<2'
	@.venv-browser/bin/python .ci/browser.py

clean: ## Remove what was made, but for the environments
	@rm -rf out _docs _proc build dist .wheel *.egg-info
	@find . -path './.venv*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp comes last, so that an interrupted installation is taken up again.
.venv/.installed: settings.ini setup.py
	@$(call venv,.venv)
	@echo 'Installing into .venv: some minutes the first time'
	@$(BIN)/python $(PIP) install -qq -e '.[dev]' $(PINS)
	@[ ! -d .git/hooks ] || [ -e .git/hooks/pre-commit ] || cp .ci/pre-commit .git/hooks/
	@touch $@

# Make the environment $(1), anew where an interrupted start left half of one
venv = $(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3,10) <= v <= (3,13) or sys.exit("This needs Python 3.10 to 3.13, and $(PYTHON) is %s.%s: name another one, as in make PYTHON=python3.12" % v)' \
	&& { $(1)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(1); }
