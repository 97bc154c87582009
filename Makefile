# JobPilot: `make run` and `make test` are all a newcomer needs.
BIN := .venv/bin

.PHONY: run test setup lint types unit browser lock bench bench-search bench-index clean

run: setup  ## everything, on this machine: database, worker, MLflow, serving, app
	@$(BIN)/jobpilot run

test: setup lint types unit  ## what CI runs

setup:
	@.ci/setup

lint:
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types:
	$(BIN)/mypy

unit: browser  ## tests start their own PostgreSQL, and find or install a browser
	@.ci/unit

browser:
	@.ci/browser

lock:  ## rewrite requirements.lock from pyproject.toml
	.ci/lock

bench: setup  ## latency of recommendations through the whole system
	$(BIN)/jobpilot bench recommendations

bench-search: setup  ## search beside PostgreSQL and bm25s; builds a million simulated postings first
	$(BIN)/jobpilot bench search --postings 1000000

bench-index: setup  ## our index beside raw FAISS and hnswlib; an hour at full scale
	$(BIN)/python -m training.benchmarks.index_search --json data/bench-index.json

clean:  ## removes everything that was produced, the database and all releases included
	find data -mindepth 1 -maxdepth 1 ! -name README.md ! -name taxonomy ! -name samples -exec rm -rf {} +
