# Anyport.  `make help` lists the targets.
BUILD ?= build
CC ?= cc
CFLAGS ?= -O2 -g
PKGS := libconfig libmicrohttpd jansson libssl libcrypto
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion \
	-Wno-missing-field-initializers
ifdef CI
WARN += -Werror
endif
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE $(WARN) $(CFLAGS) -Igateway -Ihaproxy -include gateway/util/banned.h -MMD -MP
LIBS := -lev -lconfig -lmicrohttpd -ljansson -lssl -lcrypto -lm -lpthread

GATEWAY_SRC := $(filter-out gateway/main.c,$(wildcard gateway/*/*.c gateway/*/*/*.c))
HAPROXY_SRC := $(wildcard haproxy/*.c)
TOOLS_SRC := $(wildcard tools/*.c)
UNIT_SRC := $(shell find tests/unit -name '*_test.c' 2>/dev/null)
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))

.PHONY: all unit clean
all: $(BUILD)/anyport $(BUILD)/anyportctl

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/libgateway.a: $(call obj,$(GATEWAY_SRC))
	@rm -f $@; $(AR) rcs $@ $^
$(BUILD)/libhaproxy.a: $(call obj,$(HAPROXY_SRC))
	@rm -f $@; $(AR) rcs $@ $^

$(BUILD)/anyport: $(call obj,gateway/main.c) $(BUILD)/libgateway.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/anyportctl: $(call obj,$(TOOLS_SRC)) $(BUILD)/libhaproxy.a $(BUILD)/libgateway.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libhaproxy.a $(BUILD)/libgateway.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests $(LDFLAGS) -o $@ $< $(BUILD)/libhaproxy.a $(BUILD)/libgateway.a $(LIBS) -lcmocka
unit: $(UNIT_BIN)
	@set -e; for t in $(UNIT_BIN); do case $$t in *$(T)*) $$t;; esac; done

# What the folders under tests build for themselves.
include $(wildcard tests/*/Makefile.inc)

clean:
	rm -rf $(BUILD)
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
