# Every command sets up what it needs first (a moment when nothing changed) and says what it is doing.
# `make` alone explains itself: the text after ## is what it prints.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:
# Where it is set, each of the many processes would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(firstword $(foreach version,3.11 3.12 3.13 3.14,$(shell command -v python$(version))) python3)
VENV := .venv/bin
SETUP := PYTHONPATH=shared/local-stack/src $(PYTHON) -m local_stack.setup

# What people set on the command line.
CASES ?= 14879
SEED ?= 1
ROLE ?=
SUBJECT ?=
DEPARTMENT ?=
DEPARTMENTS ?=
MESSAGES ?=
COMMUNITIES ?=
HOURS ?= 12
MINUTES ?= 10
TARGET ?= credential
FILE ?= -
GATEWAY ?= https://127.0.0.1:$(or $(YIZHENG_PORT_BASE),18000)
JWKS ?=
STATUS ?=
AUDIENCE ?=
NONCE ?=
ARGS ?=
TESTCONTAINERS ?=
WORKERS ?= auto
PORTAL ?=
SHOW ?=

.PHONY: help
help: ## This page
	@echo "Yizheng: one credential, every department. The commands, each with its own set-up:"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 } /^## / { print "                          " substr($$0, 4) }' \
		$(MAKEFILE_LIST)
	@echo
	@echo "Settings from the environment: AMQP_URL and MONGODB_URL (instead of the private broker and store),"
	@echo "YIZHENG_PORT_BASE (18000), YIZHENG_VAR (var), YIZHENG_CA (who vouches for another gateway), SERVICES_TLS (1: between"
	@echo "gateway and services, too), PYTHON ($(PYTHON))."
	@echo "make ends with 2 whatever went wrong, and prints the exit code of the command (Error 3); scripts that need it call"
	@echo "the command itself, such as $(VENV)/python -m credential_store.commands.verify or $(VENV)/python -m conformance."

.PHONY: demo
demo: $(if $(PORTAL),browse-setup,run-setup) ## The newcomer's day over the gateway, from an empty system, step by step
## clicked in the portal, with pictures under build/screens: PORTAL=1; in windows to watch: PORTAL=1 SHOW=1
	@PORTAL="$(PORTAL)" SHOW="$(SHOW)" $(VENV)/python -m tests.journeys.demo $(ARGS)

.PHONY: screens
screens: setup ## The README's pictures, from those that `make demo PORTAL=1` has left
	@$(VENV)/python -m tests.journeys.screens

.PHONY: test
test: test-setup ## All tests; TESTCONTAINERS=1 has Docker run RabbitMQ 4 and MongoDB 8 for them
## e.g. make test ARGS="services/matcher -k name" WORKERS=0, one by one and with their names
	@MAKEFLAGS= ARGS= TESTCONTAINERS=$(TESTCONTAINERS) $(VENV)/python -m pytest -n $(WORKERS) $(ARGS)

.PHONY: test-brokers
test-brokers: test-setup ## The bus, its accounts and the demo on RabbitMQ 3.10, 4.0 and 4.3, a line each (as root)
	@$(VENV)/python -m local_stack.broker_versions

.PHONY: check
check: lint contracts-check test ## Lint, types, import contracts, then all tests; what CI runs

.PHONY: run
run: run-setup ## Everything up with a synthetic district, until Ctrl-C: REPLICAS=2 for two of each service
	@$(VENV)/python -m local_stack.run

.PHONY: reset
reset: setup ## Empty var/: forget what runs have kept
	@$(VENV)/python -m local_stack.reset

.PHONY: load
load: run-setup ## Replay the hall's first months: CASES=14879 SEED=1
	@$(VENV)/python -m tests.load.replay --cases $(CASES) --seed $(SEED) $(ARGS)

.PHONY: cluster
cluster: run-setup ## The load on three brokers, three members of the store and two of each service: CASES=300 SEED=1
## to try things on it until Ctrl-C: ARGS=--stay
	@$(VENV)/python -m tests.load.replay --cluster --cases $(if $(filter file,$(origin CASES)),300,$(CASES)) --seed $(SEED) $(ARGS)

.PHONY: chaos
chaos: chaos-setup ## The same while processes are killed, frozen and misled, with an account: MINUTES=10 SEED=1
	@$(VENV)/python -m tests.chaos --minutes $(MINUTES) --seed $(SEED) $(ARGS)

.PHONY: token
token: setup ## A signed development token: ROLE=resident SUBJECT=… DEPARTMENTS=a,b COMMUNITIES=c HOURS=12
## roles: resident clerk terminal reviewer grid-officer official operator department; staff are by default who types it
## for the operators' page: ROLE=operator ARGS=--page
	@$(VENV)/python -m local_stack.tokens --role "$(ROLE)" --subject "$(SUBJECT)" \
		--departments "$(or $(DEPARTMENTS),$(DEPARTMENT))" --communities "$(COMMUNITIES)" --hours "$(HOURS)" $(ARGS)

.PHONY: terminal
terminal: setup ## Call the gateway as a terminal, with its key: ARGS="GET /v1/…" SUBJECT=terminal-1 COMMUNITIES=c
	@$(VENV)/python -m local_stack.devices --subject "$(SUBJECT)" --communities "$(COMMUNITIES)" $(ARGS)

.PHONY: signed
signed: setup ## Call the gateway as somebody, with a signed request as the portal's are: ROLE=clerk SUBJECT=… ARGS="GET /v1/…"
## with a body from standard input: ARGS="POST /v1/… -"
	@$(VENV)/python -m local_stack.devices --role "$(or $(ROLE),reviewer)" --subject "$(SUBJECT)" \
		--departments "$(or $(DEPARTMENTS),$(DEPARTMENT))" --communities "$(COMMUNITIES)" $(ARGS)

.PHONY: card-reader
card-reader: setup ## A card reader's agent with synthetic cards, for the portal's pages at /window/ and /terminal/, until Ctrl-C
## another terminal than terminal-1 in Minle: ARGS="--terminal terminal-7 --communities c"
	@$(VENV)/python -m local_stack.card_reader $(ARGS)

.PHONY: issuer-key
issuer-key: setup ## A new key for development tokens; those signed with the last one stay good until the next time
	@$(VENV)/python -m local_stack.tokens --new-key

.PHONY: signing-keys
signing-keys: setup ## New keys for credentials and agreements, from the next start on; what the old ones signed goes on counting
	@$(VENV)/python -m local_stack.tokens --new-signing-keys

.PHONY: event-key
event-key: setup ## A new key that signs what OWNER publishes; the one before counts for a day: ARGS=--lost if it was stolen
## a department's own, of which we never see the private half: OWNER=health ARGS="--public health.pem"
	@$(VENV)/python -m local_stack.event_keys "$(OWNER)" $(ARGS)

.PHONY: person-key
person-key: setup ## A new key that departments encrypt persons to; the one before opens for 90 days: ARGS=--lost if it was stolen
	@$(VENV)/python -m local_stack.person_keys $(ARGS)

.PHONY: event-secrets
event-secrets: setup ## New keys for what events say of people; those before go on being read: ARGS="--forget 400" removes older ones
	@$(VENV)/python -m local_stack.event_secrets $(ARGS)

.PHONY: operations
operations: setup ## The operators' command line for a system that is up: ARGS="failures list" SUBJECT=<who you are>
	@OPERATIONS_TOKEN="$$($(VENV)/python -m local_stack.tokens --quiet --role operator \
		--subject "$(or $(SUBJECT),$(shell id -un))")" \
		OPERATIONS_KEY="$${YIZHENG_KEYS:-$(or $(YIZHENG_VAR),var)/keys}/devices/$(or $(SUBJECT),$(shell id -un)).pem" \
		YIZHENG_CA="$${YIZHENG_CA:-$(wildcard $(or $(YIZHENG_VAR),var)/keys/tls/authority.pem)}" \
		$(VENV)/operations $(ARGS)

.PHONY: verify-record
verify-record: setup ## Is the record of accesses of a system that is up whole? ARGS="--heads kept.jsonl"
	@$(VENV)/python -m local_stack.beside -m data_rights verify $(ARGS)

.PHONY: bench
bench: run-setup ## Speed against the yardsticks, as a table and as JSON under build/bench
	@$(VENV)/python -m tests.bench $(ARGS)

.PHONY: lint
lint: setup ## Lint, format and types, changing nothing
	@echo "ruff" && $(VENV)/ruff check --quiet .
	@$(VENV)/ruff format --check --quiet .
	@echo "mypy" && $(VENV)/mypy services shared tests docs/examples

.PHONY: contracts-check
contracts-check: setup ## Import contracts: who may import whom
	@echo "import-linter" && $(VENV)/lint-imports

.PHONY: house
house: test-setup ## The structure in figures: files to read for an event, a request and a dead letter; sizes, names; goals
	@$(VENV)/python -m pytest -n 0 -q tests/house/test_house.py tests/house/followed.py

.PHONY: attack
attack: run-setup ## Requests that nobody thought of, to every operation of every service: CASES=20000 SEED=1
	@$(VENV)/python -m tests.attack.openapi --cases $(if $(filter file,$(origin CASES)),20000,$(CASES)) --seed $(SEED)

.PHONY: audit
audit: setup ## Known vulnerabilities of the locked dependencies, where an advisory service can be reached; dangerous code; secrets
	@$(VENV)/pip-audit --require-hashes --disable-pip -r requirements/runtime.txt
	@$(VENV)/python -m pytest tests/supply

.PHONY: format
format: setup ## Format the code and mend what the linter can mend
	@$(VENV)/ruff check --quiet --fix . || true
	@$(VENV)/ruff format .

.PHONY: styles
styles: setup ## The portal's style sheet and scripts from services/portal/styles, to be committed (needs npm)
	@$(VENV)/python -m local_stack.styles

.PHONY: contracts
contracts: setup ## Write what is made of the contracts: event schemas, docs/events.md, access.md, …, broker/permissions.json
	@$(VENV)/python -m tests.contract.generate $(ARGS)
	@$(VENV)/python -m local_stack.accounts.permissions

.PHONY: release-contracts
release-contracts: setup ## Keep today's event schemas and examples as released; refused when they changed incompatibly
	@$(VENV)/python -m tests.contract.release
	@$(VENV)/python -m local_stack.accounts.permissions

.PHONY: lock
lock: setup ## Lock the requirements anew: ARGS=--upgrade for newer versions
	@for name in runtime dev bootstrap; do echo "locking requirements/$$name.txt"; (cd requirements && \
		../$(VENV)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --universal \
		--python-version 3.11 --custom-compile-command "make lock" $(ARGS) $$name.in --output-file $$name.txt); done

.PHONY: verify-credential
verify-credential: setup ## Does a credential count? FILE=text or - for standard input; offline with JWKS=file STATUS="lists"
	@$(VENV)/python -m credential_store.commands.verify "$(FILE)" --gateway "$(GATEWAY)" --jwks "$(JWKS)" \
		--authority "$(or $(YIZHENG_CA),$(wildcard $(or $(YIZHENG_VAR),var)/keys/tls/authority.pem))" \
		--status "$(STATUS)" --audience "$(AUDIENCE)" --nonce "$(NONCE)" $(ARGS)

.PHONY: fuzz
fuzz: setup ## Texts that nobody thought of: TARGET=credential, number, address or address-pairs, for MINUTES=10
	@$(VENV)/python -m tests.fuzz "$(TARGET)" --minutes "$(MINUTES)" --seed "$(SEED)"

.PHONY: secrets
secrets: setup ## The secrets that deploy/compose.yaml mounts, made once into deploy/secrets
	@$(VENV)/python -m local_stack.container_secrets

.PHONY: rotate-keys
rotate-keys: setup ## New keys for all that is kept, while the system runs; started again after a kill it goes on
	@$(VENV)/python -m local_stack.key_rotation

.PHONY: rotate-index
rotate-index: setup ## Encrypts the blind indexes that earlier releases kept in clear, while the system runs; goes on after a kill
	@$(VENV)/python -m local_stack.index_rotation

.PHONY: department-account
department-account: setup ## What to hand to a department's system: its broker address, keys, replies; DEPARTMENT=health
	@$(VENV)/python -m local_stack.accounts.department_account "$(DEPARTMENT)" $(ARGS)

.PHONY: broker-accounts
broker-accounts: setup ## The accounts of services and departments as a file for the owner of another broker to import
	@$(VENV)/python -m local_stack.accounts.broker_accounts

.PHONY: store-accounts
store-accounts: setup ## The services' accounts on another store, made with the account that MONGODB_URL names
	@$(VENV)/python -m local_stack.accounts.databases

.PHONY: conformance
conformance: setup ## Of a test system that is up: are a department's messages right? DEPARTMENT=health MESSAGES=folder
	@$(VENV)/python -m conformance "$(DEPARTMENT)" $(if $(MESSAGES),--messages "$(MESSAGES)") $(ARGS)

.PHONY: setup
setup: ## The virtual environment only
	@$(SETUP) python

.PHONY: run-setup
run-setup:
	@$(SETUP) run

.PHONY: browse-setup
browse-setup:
	@$(SETUP) browse

.PHONY: chaos-setup
chaos-setup:
	@$(SETUP) chaos

.PHONY: test-setup
test-setup:
	@$(SETUP) test
