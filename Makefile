# What a fresh machine needs is Rust and apt or brew; each target installs what else is missing, and nothing twice.
#
# `run` and `test` use the dev profile: it optimises a little, builds in a few minutes on two cores, and what one has
# built the other need not. Only `bench`, `compare` and images take the dist profile, a build of twenty minutes.

PROFILE ?= dist
# With fat LTO the compiler sees every call, and may inline more of them than it would by itself: fewer instructions per
# request for a larger binary and a longer build. What is rarely called is left as the compiler would have it by itself: it
# is most of the program. The Dockerfile says the same.
DIST_RUSTFLAGS = -Cllvm-args=-inline-threshold=1500 -Cllvm-args=-inlinecold-threshold=45
AS_SHIPPED = $(if $(filter dist,$(PROFILE)),RUSTFLAGS="$(strip $(RUSTFLAGS) $(DIST_RUSTFLAGS))")
# Debian keeps nginx where not everybody's PATH looks.
export PATH := $(PATH):/usr/sbin:/sbin

.DEFAULT_GOAL := help
.PHONY: help run test screenshots corpora dist bench compare instructions check

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Run the demo: a small backend, the sidecar with sample mocks, and URLs to try; ARGS="--listen ADDR"
	@.ci/install build
	cargo run --locked -- demo $(ARGS)

test: ## Run all tests
	@.ci/install build test
	cargo test --locked

dist: ## Build what is shipped, target/dist/standin: twenty minutes
	@.ci/install build
	$(AS_SHIPPED) cargo build --locked --profile $(PROFILE) --bin standin

screenshots: ## Make the pictures of the web UI that the README shows
	@.ci/install build test
	cargo test --locked --test standin browser::screenshots -- --ignored

corpora: ## Read every file of the folders postman, openapi, wiremock and har in DIR, and ask for what it describes; CORPORA=DIR
	@test -n "$(CORPORA)" || { echo "name a folder that holds postman, openapi, wiremock or har: make corpora CORPORA=DIR" >&2; exit 2; }
	@.ci/install build test
	CORPORA="$(abspath $(CORPORA))" cargo test --locked --test standin corpora:: -- --ignored --nocapture

bench: ## Measure decisions, templates, 100,000 stubs and 10,000 delays, a kept log; ONLY=decide, template, scale, delay or kept for one; PROFILE=release builds faster
	@.ci/install build
	$(AS_SHIPPED) cargo bench --locked --profile $(PROFILE) $(if $(ONLY),--bench $(ONLY),--bench decide --bench template --bench scale --bench delay --bench kept)

# ONLY, PEERS, ROUNDS, SHORT and BINARY reach the bench as variables.
compare: ## Compare with nginx, HAProxy, Envoy, WireMock and others; ONLY=mocked PEERS=standin,nginx for a part, SHORT=1 to try
	@.ci/install build compare
	$(if $(SHORT),,-@.ci/install peers)
	$(AS_SHIPPED) cargo bench --locked --profile $(PROFILE) --bench compare

# The bench itself is built in the dev profile, which the tests have built already: only the sidecar is under test.
instructions: ## Compare instructions per request with the accepted ones; ACCEPT=1 accepts these; PROFILE=dev builds faster
	@.ci/install build count
	$(AS_SHIPPED) cargo build --locked --profile $(PROFILE) --bin standin
	PROFILE=$(PROFILE) cargo bench --locked --profile dev --bench instructions

check: ## Format, lints, docs, licences: what .ci/run asks for besides the tests
	@.ci/install build
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked --debug cargo-deny@0.20.2
	cargo deny check licenses bans sources
