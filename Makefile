# Everything here needs Go and make; targets that need more install it, or say what is missing.

GO      ?= go
BIN     := bin
TOOLS   := .tools
PODINFO := v1.8.1-0.20250910200901-e86405a8674e
GOLANGCI := v2.15.0
WIREMOCK := 3.13.2
JAR     := $(TOOLS)/wiremock-standalone-$(WIREMOCK).jar

export CGO_ENABLED ?= 0
export ENVD_WIREMOCK_JAR ?= $(CURDIR)/$(JAR)
export ENVD_K6 ?= $(CURDIR)/$(BIN)/k6

.DEFAULT_GOAL := help

.PHONY: help
help: ## show what there is to make
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/envd
	$(GO) build -trimpath -ldflags "-s -w" -o $(BIN)/envd ./cmd/envd

.PHONY: demo
demo: build k6 podinfo ## rehearse a real app, podinfo, with faults in its dependency; ends with a pass
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/envd run templates/podinfo/envd.yaml

.PHONY: demo-broken
demo-broken: build k6 podinfo ## the same app with a careless timeout; the gate fails it with exit code 1
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/envd run templates/podinfo-broken/envd.yaml

.PHONY: test
test: build k6 podinfo wiremock debian compose backing ## all tests
	PATH="$(CURDIR)/$(BIN):$$PATH" $(GO) test -timeout 20m $$($(GO) list ./... | grep -vE '/(e2e|loadprofiles)$$')
	PATH="$(CURDIR)/$(BIN):$$PATH" $(GO) test -timeout 20m -p 1 -skip '^TestAlone$$' ./loadprofiles ./e2e # they put load on the machine: one at a time
	PATH="$(CURDIR)/$(BIN):$$PATH" $(GO) test -timeout 20m -run '^TestAlone$$' ./e2e
	cd envd/internal/modules/generate && $(GO) test ./...

.PHONY: race
race: build k6 podinfo wiremock ## all tests but e2e under the race detector (needs a C compiler)
	CGO_ENABLED=1 PATH="$(CURDIR)/$(BIN):$$PATH" $(GO) test -race -short -timeout 30m $$($(GO) list ./... | grep -v /e2e)

.PHONY: e2e
e2e: build k6 podinfo wiremock debian compose backing ## the end-to-end tests, which drive the built binary
	PATH="$(CURDIR)/$(BIN):$$PATH" $(GO) test -timeout 20m ./e2e/...

.PHONY: kill-trials
kill-trials: build ## SIGKILL at random moments of 1,000 runs; nothing may be left of any (a few minutes)
	ENVD_KILL_TRIALS=1000 $(GO) test -run TestNothingSurvivesSIGKILL -timeout 90m ./e2e

.PHONY: kill-trials-docker
kill-trials-docker: build k6 ## the same over runs in a Docker engine: 300 trials
	PATH="$(CURDIR)/$(BIN):$$PATH" ENVD_KILL_TRIALS=300 $(GO) test -v -parallel 3 -run '^TestNoContainerSurvivesSIGKILL$$' -timeout 90m ./e2e

.PHONY: bench
bench: build k6 podinfo wiremock debian compose ## the figures that envd claims, side by side with its peers
	PATH="$(CURDIR)/$(BIN):$$PATH" ENVD_BENCH=1 $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 60m ./e2e/... ./stubs/...

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## vet, style and the arrows between packages
	$(TOOLS)/golangci-lint run ./...

.PHONY: k6
k6: $(BIN)/k6 ## build the pinned k6

$(BIN)/k6: loadprofiles/k6/go.mod loadprofiles/k6/go.sum
	cd loadprofiles/k6 && $(GO) build -trimpath -ldflags "-s -w" -o $(CURDIR)/$@ go.k6.io/k6/v2

.PHONY: compose
compose: $(BIN)/docker-compose ## build the pinned Docker Compose, to compare with

$(BIN)/docker-compose: e2e/compose/go.mod e2e/compose/go.sum
	cd e2e/compose && $(GO) build -trimpath -ldflags "-s -w" -o $(CURDIR)/$@ github.com/docker/compose/v5/cmd

.PHONY: backing
backing: $(BIN)/backing ## build servers and clients of Kafka's and MongoDB's protocols, for tests

$(BIN)/backing: $(wildcard e2e/backing/*)
	cd e2e/backing && $(GO) build -trimpath -ldflags "-s -w" -o $(CURDIR)/$@ .

.PHONY: podinfo
podinfo: $(BIN)/podinfo ## build the demo's app and its client

$(BIN)/podinfo: Makefile
	GOBIN=$(CURDIR)/$(BIN) $(GO) install -trimpath -ldflags "-s -w" \
		github.com/stefanprodan/podinfo/cmd/podinfo@$(PODINFO) github.com/stefanprodan/podinfo/cmd/podcli@$(PODINFO)
	@touch $@

.PHONY: wiremock
wiremock: ## fetch the real WireMock for the tests that compare with it (needs npm)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(JAR); \
	else echo "npm is missing: tests against the real WireMock will be skipped; install Node.js to run them"; fi

$(JAR):
	mkdir -p $(TOOLS)/npm
	cd $(TOOLS)/npm && npm pack --silent wiremock@$(WIREMOCK) >/dev/null && tar xzf wiremock-$(WIREMOCK).tgz
	mv $(TOOLS)/npm/package/build/wiremock-standalone-$(WIREMOCK).jar $@
	rm -rf $(TOOLS)/npm

.PHONY: debian
debian: ## make the Debian root with databases and queues that tests build images from (needs root and debootstrap)
	@if command -v debootstrap >/dev/null && [ "$$(id -u)" = 0 ]; then $(MAKE) --no-print-directory $(TOOLS)/databases.tar; \
	else echo "debootstrap or root is missing: tests of backing services in containers will be skipped"; fi

$(TOOLS)/databases.tar:
	mkdir -p $(TOOLS)
	rm -rf $(TOOLS)/debian
	debootstrap --variant=minbase --include=postgresql,redis-server,mariadb-server,rabbitmq-server bookworm $(TOOLS)/debian >$(TOOLS)/debian.log || { tail -5 $(TOOLS)/debian.log; exit 1; }
	cd $(TOOLS)/debian && rm -rf var/cache/apt/archives/*.deb var/lib/apt/lists/* usr/share/doc/* usr/share/locale/* usr/share/man/*
	tar -C $(TOOLS)/debian --exclude='./dev' --exclude='./proc/*' --exclude='./sys/*' -cf $@.new . && mv $@.new $@
	rm -rf $(TOOLS)/debian $(TOOLS)/debian.log

$(TOOLS)/golangci-lint:
	GOBIN=$(CURDIR)/$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN) $(TOOLS)
