# loa: firmware and source system of IP loudspeaker clusters.
# `make help` lists what there is.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X loa/cmd/internal/device.Version=$(VERSION)
GOFLAGS_FIRMWARE = -trimpath -ldflags '$(LDFLAGS)'
DEMO_SECONDS ?= 60
FUZZTIME ?= 30s
STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Host packages of Debian: the emulated boards, and the tools that make and
# measure sound.
DEPS = qemu-system-arm kmod e2fsprogs lame sox ffmpeg mpg123 espeak-ng gcc libc6-dev libasound2-dev pkg-config qemu-user

export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help
.PHONY: help build firmware demo test unit board-test deps lint bench sim powercut soak fuzz clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## all programs for this machine, into bin/
	go build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/speakerd ./cmd/loactl ./cmd/loasim

firmware: ## the device's programs, static, into dist/linux-armv7, -armv6 and -arm64
	GOOS=linux GOARCH=arm GOARM=7 go build $(GOFLAGS_FIRMWARE) -o dist/linux-armv7/ ./cmd/speakerd ./cmd/loactl
	GOOS=linux GOARCH=arm GOARM=6 go build $(GOFLAGS_FIRMWARE) -o dist/linux-armv6/ ./cmd/speakerd ./cmd/loactl
	GOOS=linux GOARCH=arm64       go build $(GOFLAGS_FIRMWARE) -o dist/linux-arm64/ ./cmd/speakerd ./cmd/loactl
	@ls -l dist/*/*

demo: ## a simulated cluster plays a Vietnamese bulletin on schedule, in real time (DEMO_SECONDS=60; 0 until Ctrl-C)
	@go run -ldflags '$(LDFLAGS)' ./cmd/loasim demo --out demo --sound testdata/bulletin/ban-tin-sang.mp3 --seconds $(DEMO_SECONDS)

test: ## every test, the emulated boards included; as root on Debian installs first what it needs
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then $(MAKE) --no-print-directory deps; fi
	@$(MAKE) --no-print-directory board-test unit

# The race detector makes sound ten times dearer: there the tests of its accuracy
# take samples of their cases, and all of them without it.
unit: ## the tests that need no emulated board, with the race detector where there is a C compiler
	@if command -v gcc >/dev/null; then CGO_ENABLED=1 go run ./tools/testjobs -race ./... && go run ./tools/testjobs -run AddressSpace ./store && go run ./tools/testjobs ./speaker/...; \
	else echo "not run: the race detector: no C compiler (gcc)"; go run ./tools/testjobs ./...; fi

board-test: firmware ## the firmware on emulated ARMv7 and ARM64 boards: sound card, relays, unplugging, kill -9
	@go run ./tools/testjobs -tags boardvm -count=1 -p 1 -timeout 30m ./tools/boardvm/... ./speaker/alsa ./gpio

deps: ## install the host packages that are missing (root, Debian)
	@missing=""; for p in $(DEPS); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing:$$missing"; \
	apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing >/dev/null; fi

lint: ## formatting, vet, staticcheck, tidy go.mod
	@bad=$$(git ls-files '*.go' | xargs gofmt -l); if [ -n "$$bad" ]; then echo "gofmt would change:"; echo "$$bad"; exit 1; fi
	go vet ./...
	go vet -tags boardvm ./tools/... ./speaker/alsa
	@if pkg-config --exists alsa 2>/dev/null; then echo 'go vet -tags oto ./speaker/oto'; CGO_ENABLED=1 go vet -tags oto ./speaker/oto; else echo 'not run: vet of speaker/oto: libasound2-dev is missing'; fi
	$(STATICCHECK) -tags boardvm ./...
	go mod tidy -diff

bench: ## figures, side by side in one run
	go test -run '^$$' -bench . -benchmem ./...

sim: ## the scenarios of the scheduler, and days rendered in virtual time
	go test -count=1 ./scheduler ./cmd/loasim

powercut: ## kill -9 the store while it writes, for a minute, and look what is left
	LOA_STORE_POWERCUT=60s go test -count=1 -v -run 'Kill|Power' ./store

soak: ## a year of a daily plan in virtual time
	go run ./cmd/loasim render --plan testdata/plan/daily.json --media testdata/bulletin --from 2026-01-01T00:00:00+07:00 --for 8760h --out demo/year

fuzz: ## every fuzz target for FUZZTIME each (30s)
	@for f in $$(grep -rlE '^func Fuzz' --include='*_test.go' . | sort); do \
	for t in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' $$f); do \
	echo "== $$(dirname $$f) $$t"; go test -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) $$(dirname $$f) || exit 1; done; done

clean: ## remove what was built (the cached kernels stay)
	rm -rf bin dist demo
