# make quickstart   the whole pipeline on built-in data, from a fresh clone
# make test         vet, all tests, the race detector where goroutines are; no network
# make test-long    the slow proofs too
# make lint         golangci-lint, at the version below
# make build        ./plumb

LINT_VERSION := v2.15.0
# The labelling screen is pure, and slow under the race detector.
RACE := ./internal/train/... ./internal/run/live/... ./labeling ./labeling/load ./labeling/manage ./labeling/offline \
	./labeling/quality ./labeling/serve ./labeling/simulate ./labeling/store/... ./labeling/tui

# A Go that make setup had to fetch itself comes first.
export PATH := $(CURDIR)/bin/go/bin:$(PATH)
GO := go

.PHONY: quickstart test test-long lint build setup clean

quickstart: build
	./plumb quickstart

build: setup
	$(GO) build -o plumb ./cmd/plumb

test: setup
	$(GO) vet ./...
	$(GO) test ./...
	$(GO) test -race -short $(RACE)
	$(GO) test -race -run 'For|Close|Team' ./internal/kernel # the rest has no goroutines of its own

test-long: setup
	$(GO) test -tags long -timeout 60m ./...

lint: setup bin/golangci-lint-$(LINT_VERSION)
	bin/golangci-lint-$(LINT_VERSION) run ./...

bin/golangci-lint-$(LINT_VERSION):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv bin/golangci-lint $@

# Go and a C compiler, installed where that is possible.
setup:
	@.ci/setup

clean:
	rm -rf plumb bin
