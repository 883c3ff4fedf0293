# keyidd: build, test, demo and install. `make help` lists the targets.
#
#   make                     everything, into build/
#   make BUILD=DIR           into another folder, e.g. beside another compiler's
#   make CC=clang SANITIZE=1 with AddressSanitizer and UndefinedBehaviorSanitizer
#   make WERROR=1            warnings are errors, as in make check
#   make V=1                 shows each command

BUILD ?= build
PREFIX ?= /usr/local
VERSION = 0.1.0
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(PREFIX)/lib/systemd/system
PKG_CONFIG ?= pkg-config
SIM_SEEDS ?= 100000
FUZZ_SECONDS ?= 60
JOBS ?= $(shell nproc)

ifeq ($(origin CC),default)
CC = gcc
endif
CFLAGS ?= -O2 -g

PKGS = libpcap libcurl libcrypto libssl libxml-2.0 jansson libssh libcyaml yaml-0.1 sqlite3 \
	libsystemd libcap-ng libmnl lldpctl
ALL_CPPFLAGS = -D_GNU_SOURCE -DKEYIDD_VERSION='"$(VERSION)"' -I. $(PKG_CFLAGS) $(HARDEN_CPPFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	$(WERROR_CFLAGS) -pthread -fPIE -fstack-protector-strong $(CFLAGS) $(SANITIZE_FLAGS)
ALL_LDFLAGS = -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS) $(SANITIZE_FLAGS)
ALL_LDLIBS = $(PKG_LIBS) -lnet $(LDLIBS)
# Asked once, and only when something is compiled: the tools may not be installed yet.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS)))$(PKG_LIBS)

ifdef WERROR
WERROR_CFLAGS = -Werror
endif
ifdef SANITIZE
SANITIZE_FLAGS = -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
else
HARDEN_CPPFLAGS = -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

ifdef V
Q =
else
Q = @
endif
say = @printf '  %-5s %s\n' '$(1)' '$(patsubst $(BUILD)/%,%,$(2))'

# ---- what is built ---------------------------------------------------------------------------

LIBS = common l2proto kmeclient netconf keyidd
TOOLS = $(patsubst tools/%/,%,$(dir $(wildcard tools/*/main.c)))
objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

lib_objs = $(call objs,$(filter-out %/main.c,$(wildcard $(1)/*.c)))
UNIT_SRCS = $(wildcard tests/unit/*/test_*.c)
UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRCS))
LIVE_TESTS = $(patsubst tests/live/%.c,$(BUILD)/live/%,$(wildcard tests/live/*.c))
MACSEC_TOOLS = $(patsubst tests/macsec/%/main.c,$(BUILD)/macsec/%,$(wildcard tests/macsec/*/main.c))
BENCHES = $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))
FUZZ_SRCS = $(wildcard tests/fuzz/*/fuzz_*.c)
FUZZ_REPLAYS = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz-replay/%,$(FUZZ_SRCS))
FUZZERS = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRCS))
INSTALLED_TOOLS = keyidctl keyid-replay kmeget applierctl
PROGRAMS = $(BUILD)/keyidd $(addprefix $(BUILD)/,$(TOOLS))

all: $(PROGRAMS)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define lib_rule
$(BUILD)/lib$(1).a: $(call lib_objs,$(1))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach lib,$(LIBS),$(eval $(call lib_rule,$(lib))))

link = $(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) \
	-Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(ALL_LDLIBS) $(EXTRA_LDLIBS)

$(BUILD)/keyidd: $(BUILD)/obj/keyidd/main.o $(foreach lib,$(LIBS),$(BUILD)/lib$(lib).a)
	$(call say,LD,$@)
	$(link)

define tool_rule
$(BUILD)/$(1): $(call objs,$(wildcard tools/$(1)/*.c)) $(foreach lib,$(LIBS),$(BUILD)/lib$(lib).a)
	$$(call say,LD,$$@)
	$$(link)
endef
$(foreach tool,$(TOOLS),$(eval $(call tool_rule,$(tool))))
$(BUILD)/kmesim: EXTRA_LDLIBS = -lmicrohttpd -lgnutls

# A unit test links the module that its folder is named after, and common: nothing else.
.SECONDEXPANSION:
unit_libs = $(BUILD)/lib$(1).a $(if $(filter keyidd,$(1)),$(foreach lib,$(LIBS),$(BUILD)/lib$(lib).a),\
	$(BUILD)/libcommon.a)
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $$(call unit_libs,$$(firstword $$(subst /, ,$$*)))
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link)
$(BUILD)/unit/%: EXTRA_LDLIBS = -lcmocka

# The part of a live test that is written in C, and a benchmark.
LIVE_LIBS = $(BUILD)/libl2proto.a $(BUILD)/libcommon.a
$(BUILD)/live/%: $(BUILD)/obj/tests/live/%.o $(call objs,$(wildcard tests/lib/*.c)) $(LIVE_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link)
$(BUILD)/live/%: EXTRA_LDLIBS = -lcmocka
$(BUILD)/live/lldpd_port: $(BUILD)/libkeyidd.a

BENCH_OBJS = $(call objs,$(wildcard tests/bench/lib/*.c))
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(BENCH_OBJS) $(LIVE_LIBS)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link)

# What the scripts of tests/macsec run beside the programs: tests/macsec/X/main.c makes X.
$(BUILD)/macsec/%: $$(call objs,$$(wildcard tests/macsec/$$*/*.c))
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link)
$(BUILD)/macsec/applier $(BUILD)/macsec/netlink: $(BUILD)/libnetconf.a $(BUILD)/libcommon.a

# A fuzz target links the module that its folder is named after, as a unit test does; or, in the
# folder of a tool, that tool and all modules. What targets share is in tests/fuzz/lib.
fuzz_folder = $(firstword $(subst /, ,$(1)))
fuzz_parts = $(BUILD)/obj/tests/fuzz/$(1).o $(BUILD)/libfuzz.a \
	$(call lib_objs,tools/$(fuzz_folder)) \
	$(call unit_libs,$(if $(filter $(fuzz_folder),$(TOOLS)),keyidd,$(fuzz_folder)))
$(BUILD)/libfuzz.a: $(call objs,$(wildcard tests/fuzz/lib/*.c))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/fuzz-replay/%: $$(call fuzz_parts,$$*) $(BUILD)/obj/tests/fuzz/replay_main.o
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(link)

SIM_OBJS = $(call objs,$(wildcard tests/sim/*.c))
$(BUILD)/sim: $(SIM_OBJS) $(BUILD)/libl2proto.a $(BUILD)/libcommon.a
	$(call say,LD,$@)
	$(link)

# The simulator with a fault: objects made from the copies there come before those of the library.
$(BUILD)/mutation/%/sim: $$(call objs,$$(wildcard $(BUILD)/mutation/$$*/l2proto/*.c)) $(SIM_OBJS) \
		$(BUILD)/libl2proto.a $(BUILD)/libcommon.a
	$(call say,LD,$@)
	$(link)

# ---- tests: see docs/hacking.md --------------------------------------------------------------

# Every test that is a program, beside the simulation.
unit: $(UNIT_TESTS) $(LIVE_TESTS) $(MACSEC_TOOLS)

fuzz-replay: $(FUZZ_REPLAYS)

test: packages
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all unit $(BUILD)/sim
	$(Q)BUILD=$(BUILD) tests/run.sh quick

check: packages
	$(Q)BUILD=$(BUILD) tests/run.sh all

sim: $(BUILD)/sim
	$(Q)$(BUILD)/sim --seeds $(SIM_SEEDS)

# Does the simulation find the faults that it is there to find?
mutations: $(BUILD)/sim
	$(Q)BUILD=$(BUILD) tests/mutation/run.sh

# Captures made anew and replayed; UPDATE=NAME rewrites one: pcaps/README.md.
golden: packages
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/keyid-craft $(BUILD)/keyid-replay
	$(Q)BUILD=$(BUILD) UPDATE=$(UPDATE) tests/golden/run.sh

# Every state of the exchange's model within its bounds, by spin: tests/model/README.md.
model: packages
	$(Q)BUILD=$(BUILD) tests/model/run.sh

# The tests that need a kernel with MACsec, in a virtual machine if this one has none;
# MACSEC="NAME..." runs only these scripts of tests/macsec/guest.
check-macsec:
	$(Q).ci/install-packages check-macsec
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all $(MACSEC_TOOLS)
	$(Q)BUILD=$(BUILD) tests/macsec/run.sh $(MACSEC)

# libFuzzer needs clang; one build folder of its own, coverage in every library.
fuzz:
	$(Q)BUILD=$(BUILD) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh

$(BUILD)/fuzz/%: $$(call fuzz_parts,$$*)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) \
		-Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(ALL_LDLIBS)
fuzzers: $(FUZZERS)

benches: $(BENCHES)

bench: packages
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all benches
	$(Q)BUILD=$(BUILD) tests/bench/run.sh

demo: packages
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) tools/demo/demo.sh
	$(Q)if tools/demo/macsec.sh --possible; then \
		$(MAKE) --no-print-directory $(BUILD)/macsec/stream && \
		BUILD=$(BUILD) tools/demo/macsec.sh; \
	else \
		echo "demo: this kernel has no MACsec; make check-macsec shows a host with its own in a virtual machine"; \
	fi

# ---- the rest --------------------------------------------------------------------------------

packages:
	$(Q).ci/install-packages

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(UNITDIR) \
		$(addprefix $(DESTDIR)$(MANDIR)/,man1 man5 man8) $(DESTDIR)$(PREFIX)/share/doc/keyidd \
		$(DESTDIR)$(PREFIX)/share/keyidd
	install -m 755 $(BUILD)/keyidd $(BUILD)/keyidd-lldpd $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(addprefix $(BUILD)/,$(INSTALLED_TOOLS)) $(DESTDIR)$(PREFIX)/bin/
	sed 's|@PREFIX@|$(PREFIX)|' keyidd/keyidd.service >$(DESTDIR)$(UNITDIR)/keyidd.service
	install -m 644 docs/keyidctl.1 docs/keyid-replay.1 $(DESTDIR)$(MANDIR)/man1/
	install -m 644 docs/keyidd.conf.5 $(DESTDIR)$(MANDIR)/man5/
	install -m 644 docs/keyidd.8 $(DESTDIR)$(MANDIR)/man8/
	install -m 644 docs/examples/*.yaml $(DESTDIR)$(PREFIX)/share/doc/keyidd/
	install -m 755 docs/examples/hook.sh $(DESTDIR)$(PREFIX)/share/doc/keyidd/
	install -m 644 tools/keyid.lua $(DESTDIR)$(PREFIX)/share/keyidd/

format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf $(BUILD)

help:
	@echo 'all (default), demo, check, check-macsec, test, golden, sim, model, mutations, fuzz, bench, install, format, clean'

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

.PHONY: all unit fuzz-replay fuzzers test check check-macsec golden sim model mutations fuzz bench benches demo packages install format clean help
.SECONDARY:
