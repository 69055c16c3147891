# Anyport.  `make help` lists the targets.
BUILD ?= build
CC ?= cc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion \
	-Wno-missing-field-initializers
ifdef CI
WARN += -Werror
endif
LANGUAGE := -std=c11 -D_GNU_SOURCE $(WARN) -Igateway -Ihaproxy -Itests -include gateway/util/banned.h
ALL_CFLAGS := $(LANGUAGE) $(CFLAGS) -MMD -MP
LIBS := -lcurl -lev -lconfig -lmicrohttpd -ljansson -lpcre2-8 -lssl -lcrypto -lm -lpthread

GATEWAY_SRC := $(filter-out gateway/main.c,$(wildcard gateway/*/*.c gateway/*/*/*.c))
HAPROXY_SRC := $(wildcard haproxy/*/*.c)
TOOLS_SRC := $(filter-out tools/main.c,$(wildcard tools/*.c))
UNIT_SRC := $(shell find tests/unit -name '*_test.c' 2>/dev/null)
FUZZ_MAIN := tests/fuzz/replay.c
FUZZ_SRC := $(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c))
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
picked = $(if $(T),$(foreach p,$(1),$(if $(findstring $(T),$(p)),$(p))),$(1))
UNIT_BIN := $(call picked,$(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC)))
FUZZ_BIN := $(call picked,$(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC)))
ARCHIVES := $(BUILD)/libtools.a $(BUILD)/libhaproxy.a $(BUILD)/libgateway.a
export BUILD CC CFLAGS
# One short line a command; `make V=1` shows the whole of each.
say = $(if $(V),,@echo '  $(1) $@';)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help setup demo bench bench-latency check check-fast check-versions unit integration lame conformance e2e soak asan tsan fuzz lint format \
	compdb man install deb image packages check-arm64 unit-arm64 clean run-tests test-programs fuzzers

all: $(BUILD)/anyport $(BUILD)/anyportctl ## build the programs (the default)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
	@echo 'T=word picks tests by a part of their name: make check T=metadata'

# --- packages ----------------------------------------------------------------
# Test targets install what is missing; a plain build only says so.
GOALS := $(or $(MAKECMDGOALS),all)
INSTALLS := $(filter-out all compdb man install format $(BUILD)/%,$(GOALS))
GROUPS := build $(if $(INSTALLS),fast) $(if $(filter check conformance e2e jars soak bench-latency setup,$(GOALS)),java) \
	$(if $(filter fuzz fuzzers setup,$(GOALS)),clang) $(if $(filter check lint format setup,$(GOALS)),lint) \
	$(if $(filter check check-fast integration lame setup,$(GOALS)),browser) \
	$(if $(filter check check-versions setup,$(GOALS)),versions) $(if $(filter packages setup,$(GOALS)),packages)

setup: ## install the Debian packages that everything here needs
	@tests/setup.sh $(if $(INSTALLS),,--look) $(GROUPS)

# --- programs ----------------------------------------------------------------
$(BUILD)/obj/%.o: %.c Makefile | setup
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/obj/gateway/http/pages.o: gateway/http/page.html gateway/http/openapi.json

$(BUILD)/libgateway.a: $(call obj,$(GATEWAY_SRC))
	@mkdir -p $(@D); rm -f $@; $(AR) rcs $@ $^
$(BUILD)/libhaproxy.a: $(call obj,$(HAPROXY_SRC))
	@mkdir -p $(@D); rm -f $@; $(AR) rcs $@ $^

$(BUILD)/libtools.a: $(call obj,$(TOOLS_SRC))
	@mkdir -p $(@D); rm -f $@; $(AR) rcs $@ $^

# The manual, as man(1) and as a node itself shows it: its texts, and what anyportctl tells of its commands and of the options.
# ANYPORTCTL is one that runs here: another machine's, when building for another one.
ANYPORTCTL ?= $(BUILD)/anyportctl
MANUAL := $(BUILD)/docs/pages.c
$(MANUAL): $(ANYPORTCTL) $(wildcard tools/manual/*) | setup
	$(call say,manual)tools/manual/pages $(ANYPORTCTL) $(@D)
$(BUILD)/docs/pages.o: $(MANUAL) gateway/http/carry.h gateway/http/manual.h
	$(call say,cc)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/anyport: $(call obj,gateway/main.c) $(BUILD)/docs/pages.o $(BUILD)/libgateway.a
	$(call say,link)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/anyportctl: $(call obj,tools/main.c) $(ARCHIVES)
	$(call say,link)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/unit/%: tests/unit/%.c $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,test)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< $(ARCHIVES) $(LIBS) -lcmocka $(if $(shell grep -l rdkafka_mock $<),-lrdkafka)
# The same over a layer that makes everything difficult: see tests/lib/lame.c.
LAME := $(call obj,tests/lib/lame.c)
LAME_LINK := -Wl,--wrap=conn_plain
LAME_UNIT := $(patsubst $(BUILD)/unit/%,$(BUILD)/lame/unit/%,$(UNIT_BIN))
$(BUILD)/lame/anyport: $(call obj,gateway/main.c) $(BUILD)/docs/pages.o $(LAME) $(BUILD)/libgateway.a
	@mkdir -p $(@D)
	$(call say,lame)$(CC) $(CFLAGS) $(LDFLAGS) $(LAME_LINK) -o $@ $^ $(LIBS)
$(BUILD)/lame/unit/%: tests/unit/%.c $(LAME) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,lame)$(CC) $(ALL_CFLAGS) -MF $@.d $(LDFLAGS) $(LAME_LINK) -o $@ $< $(LAME) $(ARCHIVES) $(LIBS) -lcmocka $(if $(shell grep -l rdkafka_mock $<),-lrdkafka)
# A fuzz target replays its corpus in every run of the tests; `make fuzz` links it with libFuzzer.
$(BUILD)/fuzz/%: tests/fuzz/%.c $(call obj,$(FUZZ_MAIN)) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call say,fuzz)$(CC) $(ALL_CFLAGS) $(FUZZ_LINK) $(LDFLAGS) -o $@ $< $(call obj,$(FUZZ_MAIN)) $(ARCHIVES) $(LIBS) $(if $(shell grep -l unit/session/scene $<),-lcmocka)

# --- tests -------------------------------------------------------------------
TEST_PROGRAMS :=
# What the folders under tests build for themselves: mock_cluster, the load generator, demo, bench.
include $(wildcard tests/*/Makefile.inc)

demo: ## a mock Kafka, two nodes and HAProxy: sent, received, none lost
bench: ## CPU and latency through HAProxy, a node, and both
bench-latency: ## publish and end-to-end latency at 50 MB/s on real Kafka, the same ways

check: KINDS ?= lint unit fuzz integration lame versions conformance e2e
check: ## every test (installs what it needs)
check-fast: KINDS ?= unit fuzz integration lame
check-fast: ## every test that needs no Java
unit: KINDS = unit
unit: ## the unit tests
integration: KINDS = integration
integration: ## the tests with a mock cluster and a real HAProxy
check-versions: KINDS = versions
check-versions: ## the tests with HAProxy 2.6, 3.0 and 3.2, fetched from Debian's packages
conformance: KINDS = conformance
conformance: ## our rows against Kafka's own jars
e2e: ## real Kafka, real clients: E2E="--kafka 4.4.0 --mode ports kill_node"
soak: KINDS = soak
soak: ## what takes long: ten minutes of faults in each mode, and what clients saw held against what Kafka promises (40 min)
check check-fast integration check-versions soak: all test-programs
unit: $(UNIT_BIN)
conformance: $(ARCHIVES)
lame: KINDS = lame-all
lame: ## the unit and integration tests over a layer that makes everything difficult
lame: all test-programs $(LAME_UNIT)
	@TEST_PATIENCE=$(or $(TEST_PATIENCE),3) tests/run $(if $(T),--only $(T)) $(KINDS)
check check-fast check-versions unit integration conformance soak:
	@tests/run $(if $(T),--only $(T)) $(KINDS)

test-programs: $(UNIT_BIN) $(FUZZ_BIN) $(TEST_PROGRAMS) $(BUILD)/lame/anyport $(filter $(BUILD)/lame/unit/upstream/% $(BUILD)/lame/unit/session/%,$(LAME_UNIT))

ARM64 := $(CURDIR)/build-arm64
check-arm64: ## the unit tests for arm64, cross-built and run under qemu; all it needs is fetched into build-arm64
	@tests/arm64/sysroot $(ARM64)/sysroot
	@$(MAKE) --no-print-directory unit-arm64 BUILD=build-arm64 CC=$(ARM64)/sysroot/host/gcc AR=$(ARM64)/sysroot/host/ar CFLAGS=-O1
unit-arm64: $(UNIT_BIN)
	@tests/arm64/run $(ARM64)/sysroot $^

SANITIZED = $(MAKE) --no-print-directory check-fast
asan: ## the same as check-fast under AddressSanitizer and UBSan
	@+ASAN_OPTIONS=detect_stack_use_after_return=1:abort_on_error=0 TEST_PATIENCE=4 \
	 UBSAN_OPTIONS=print_stacktrace=1 $(SANITIZED) BUILD=build-asan \
	 CFLAGS='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
tsan: ## the unit and integration tests under ThreadSanitizer
	@mkdir -p build-tsan && $(CC) $(LANGUAGE) -O1 -g -c -o build-tsan/threads.o tests/lib/tsan_threads.c
	@+TSAN_OPTIONS=halt_on_error=1:suppressions=$(CURDIR)/tests/lib/tsan.supp TEST_PATIENCE=6 $(SANITIZED) \
	 KINDS='unit integration' BUILD=build-tsan CFLAGS='-O1 -g -fsanitize=thread' LDFLAGS=build-tsan/threads.o

# The end of an array without elements is NULL + 0, which clang's check of pointers' overflow refuses and
# gcc's does not: both compile it as what it says, and C2y (N3322) defines it.
EMPTY_ENDS := -fno-sanitize=pointer-overflow
fuzz: ## each fuzzer for FUZZ_SECONDS (60) with clang's libFuzzer
	@$(MAKE) --no-print-directory fuzzers BUILD=build-fuzz CC=clang FUZZ_MAIN= FUZZ_LINK=-fsanitize=fuzzer \
	 CFLAGS='-O1 -g -fsanitize=address,undefined,fuzzer-no-link $(EMPTY_ENDS) -fno-sanitize-recover=all'
fuzzers: $(FUZZ_BIN)
	@set -e; for f in $(notdir $(FUZZ_BIN)); do \
		echo "fuzz: $$f for $(FUZZ_SECONDS) s"; \
		mkdir -p $(BUILD)/corpus/$$f tests/fuzz/corpus/$$f; \
		$(BUILD)/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 -verbosity=0 \
			-artifact_prefix=$(BUILD)/$$f- $(BUILD)/corpus/$$f tests/fuzz/corpus/$$f; done

# --- the house ---------------------------------------------------------------
lint: $(call obj,$(GATEWAY_SRC) $(HAPROXY_SRC) $(TOOLS_SRC) gateway/main.c tools/main.c) | setup ## format, clang-tidy, include direction, circles of files, headers that compile alone, scripts
	@LANGUAGE='$(LANGUAGE)' tests/lint
format: ## rewrite the sources as .clang-format says
	clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')
compdb: ## compile_commands.json for editors
	@$(MAKE) --no-print-directory -Bkn V=1 all test-programs | tests/compdb >compile_commands.json
man: $(MANUAL) ## the manual, in build/docs: man/ for man(1), html/ for browsers
install: all man ## into DESTDIR and PREFIX (/usr/local)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin share/anyport share/man/man1 share/man/man5 share/man/man7 share/man/man8 \
		share/bash-completion/completions share/zsh/vendor-completions share/fish/vendor_completions.d)
	install -m 755 $(BUILD)/anyport $(BUILD)/anyportctl $(DESTDIR)$(PREFIX)/bin
	install -m 644 examples/anyport.conf $(DESTDIR)$(PREFIX)/share/anyport
	for n in 1 5 7 8; do install -m 644 $(BUILD)/docs/man/*.$$n $(DESTDIR)$(PREFIX)/share/man/man$$n || exit 1; done
	for of in anyport anyportctl; do \
		$(BUILD)/anyportctl completion bash $$of >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$of && \
		$(BUILD)/anyportctl completion zsh $$of >$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_$$of && \
		$(BUILD)/anyportctl completion fish $$of >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$of.fish || exit 1; done
deb: ## a Debian package, in build/deb (needs debhelper)
	@rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb/anyport
	cp -a Makefile README.md gateway haproxy tools tests examples $(BUILD)/deb/anyport
	cp -a examples/debian $(BUILD)/deb/anyport/debian
	cp examples/systemd/anyport.service $(BUILD)/deb/anyport/debian/anyport.service
	cd $(BUILD)/deb/anyport && env -u BUILD -u CC -u CFLAGS -u MAKEFLAGS -u MAKELEVEL \
		dpkg-buildpackage -us -uc -b -j$(shell nproc)
image: deb ## a container image of that package and what it needs, in build/image (an OCI folder; needs apt, no daemon)
	@rm -rf $(BUILD)/image
	examples/image/build --cache $(BUILD)/fetched "$$(echo $(BUILD)/deb/anyport_*.deb)" $(BUILD)/image
packages: image ## both, and what lintian and rpmlint say of the Debian package and of the rpm's spec
	lintian --allow-root --fail-on error $(BUILD)/deb/anyport_*.deb
	rpmlint examples/rpm/anyport.spec
clean: ## remove what was built
	rm -rf $(BUILD) build-arm64 build-asan build-tsan build-fuzz compile_commands.json

-include $(shell find $(BUILD) -path $(BUILD)/deb -prune -o -type f -name '*.d' -print 2>/dev/null)
