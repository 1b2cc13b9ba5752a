# Every target sets up .venv by itself. `make demo` and `make test` are the two to start with.
PY := .venv/bin/python
export SPARK_LOCAL_IP := 127.0.0.1
# Where it is set every process compiles Airflow and PySpark anew: several seconds of CPU for each start.
unexport PYTHONDONTWRITEBYTECODE
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q

.PHONY: help setup demo test test-unit check ci bench task-logs faults faults-quick faults-loaded faults-upstream fuzz \
	stack-up stack-down stack-logs stack-test upstream-tests lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## make .venv from the pinned requirement files (nothing to do when they have not changed)
	@tools/setup.sh

demo: setup ## train on real flights: the example DAG on real Spark, start to end
	@$(PY) -m tools.demo

test: setup ## all tests but those in containers
	@$(PY) -m tools.support.class_archive
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder --cov=airflow_spark_guard --cov-report=term --cov-fail-under=95 --durations=25

test-unit: setup ## what needs no Java, no Spark application and no Airflow process, at most 90 s on two cores
	$(PY) -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder tests/unit tests/test_project.py

check: setup ## lint, types, import rules, structure, words
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-cache
	$(PY) -m pytest -q tests/test_project.py tests/test_words.py

ci: ## what CI runs, and all of it: check, test, faults-quick, stack-test, which is then never skipped
	@$(MAKE) check
	@$(MAKE) test
	@$(MAKE) faults-quick
	@CI=true $(MAKE) stack-test

bench: setup ## overhead against the upstream operator, sensors, collection -> build/bench.json
	$(PY) -m tools.bench
	$(PY) -m tools.bench.collect

task-logs: setup ## five small jobs on real Spark under real Airflow, their logs -> docs/task-logs.md, about 10 min
	@$(PY) -m tools.task_logs

faults: setup ## the fault matrix on real Spark, at most 30 min -> build/faults.json
	@$(PY) -m tools.faults --jobs 2

faults-quick: setup ## one fault per verdict, two hangs that are hard to see, four healthy jobs, at most 9 min
	@$(PY) -m tools.faults --quick --jobs 2

faults-loaded: setup ## the fault matrix beside a busy loop on one core -> build/faults-loaded.json
	@$(PY) -m tools.faults --jobs 2 --beside-load

faults-upstream: setup ## the same faults under SparkSubmitOperator: the second column of build/faults.json
	@$(PY) -m tools.faults --upstream --jobs 2

fuzz: setup ## every parser of outside input, SECONDS of CPU each (30) -> build/fuzz.json
	@$(PY) -m tools.fuzz --seconds $(or $(SECONDS),30)

upstream-tests: setup ## the Spark provider's own tests of hook and operator on our classes: what differs, about 2 min
	@$(PY) -m tools.upstream

stack-up: ## Airflow and Spark in containers, on this machine (needs Docker Compose, and nothing else)
	@python3 -m tools.stack up

stack-down: ## remove its containers and networks; data, images and secrets stay
	@python3 -m tools.stack down

stack-logs: ## its last lines and what follows; SERVICE=scheduler for one
	@python3 -m tools.stack logs $(SERVICE)

stack-test: setup ## the stack end to end in real containers -> build/stack.json
	@$(PY) -m tools.stack.e2e

lock: setup ## resolve requirements/*.in anew, with a hash for each file that may be installed
	.venv/bin/uv pip compile $(LOCK) requirements/bootstrap.in -o requirements/bootstrap.txt
	.venv/bin/uv pip compile $(LOCK) -c requirements/bootstrap.txt requirements/dev.in -o requirements/dev.txt
	for image in spark-image airflow-image; do .venv/bin/uv pip compile $(LOCK) --no-annotate \
		-c requirements/dev.txt requirements/$$image.in -o requirements/$$image.txt; done

clean: ## remove .venv and build
	rm -rf .venv build dist
