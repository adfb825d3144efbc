# SPDX-License-Identifier: Apache-2.0
#
# famfs: one Makefile for everything. `make help` lists the targets.
# Only check, demo, bench and deps install anything, and only by the package manager.

VERSION := $(shell sed -n 's/^Version:[[:space:]]*//p' famfs.spec)
SOVERSION := 0

prefix ?= /usr/local
exec_prefix ?= $(prefix)
sbindir ?= $(exec_prefix)/sbin
libdir ?= $(exec_prefix)/lib
includedir ?= $(prefix)/include
datarootdir ?= $(prefix)/share
mandir ?= $(datarootdir)/man
pkgconfigdir ?= $(libdir)/pkgconfig
bashcompdir ?= $(datarootdir)/bash-completion/completions
zshcompdir ?= $(datarootdir)/zsh/site-functions
fishcompdir ?= $(datarootdir)/fish/vendor_completions.d

CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
READELF ?= readelf
INSTALL ?= install
BUILD ?= build$(if $(SAN),/san)
ifneq ($(words $(BUILD)) $(BUILD),1 $(firstword $(BUILD)))
$(error BUILD='$(BUILD)': one word is wanted, for make itself splits at blanks)
endif
Q := $(if $(filter-out 0,$(V)),,@)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

lib_src := $(wildcard lib/*.c)
cli_src := $(wildcard cli/*.c)
unit_src := $(wildcard tests/unit/test_*.c)
crash_src := $(wildcard tests/crash/crash_*.c)
fuzz_src := $(wildcard tests/fuzz/fuzz_*.c)
fuzz_common_src := $(filter-out $(fuzz_src) tests/fuzz/corpus.c,$(wildcard tests/fuzz/*.c))
tool_src := $(wildcard tests/cli/*.c tests/bench/*.c tests/model/*.c)
man_pages := $(wildcard man/*.[1-8])

lib_obj := $(lib_src:%.c=$(BUILD)/obj/%.o)
cli_obj := $(cli_src:%.c=$(BUILD)/obj/%.o)
unit_bin := $(unit_src:tests/unit/%.c=$(BUILD)/tests/%)
crash_bin := $(crash_src:tests/crash/%.c=$(BUILD)/tests/%)
fuzz_bin := $(fuzz_src:tests/fuzz/%.c=$(BUILD)/tests/%)
tool_bin := $(addprefix $(BUILD)/tests/,$(notdir $(tool_src:.c=)))
faulty_bin := $(BUILD)/tests/faulty
static_lib := $(BUILD)/libfamfs.a
shared_lib := $(BUILD)/libfamfs.so.$(SOVERSION)
alias_bin := $(BUILD)/mkfs.famfs $(BUILD)/fsck.famfs

# What is on this machine --------------------------------------------------------------------------
# Goals that compile nothing themselves must work before the dependencies are there.
no_config := help clean deps format uninstall check check-% coverage crash faults fuzz model \
	messages lint demo bench bench-plots bench-placement screenshots \
	dist rpm deb fresh
ifneq ($(filter-out $(no_config),$(or $(MAKECMDGOALS),all)),)

required := json-c libdeflate uuid libdaxctl
optional := $(if $(WITHOUT_LIBNDCTL),,libndctl) $(if $(WITHOUT_LIBBLKID),,blkid) \
	$(if $(WITHOUT_LIBCRYPTO),,libcrypto) \
	$(if $(WITHOUT_LIBARCHIVE),,libarchive) $(if $(WITHOUT_LIBISAL),,libisal) \
	$(if $(WITHOUT_LIBYAML),,yaml-0.1) $(if $(WITHOUT_LIBSMARTCOLS),,smartcols)
found := $(shell for p in $(required) $(optional); do \
	v=$$($(PKG_CONFIG) --modversion $$p 2>/dev/null) && echo $$p=$$v; done)
have = $(filter $(1)=%,$(found))
command = $(shell command -v $(firstword $(1)) 2>/dev/null)
missing := $(strip $(foreach c,CC PKG_CONFIG,$(if $(call command,$($(c))),,$($(c)))))
missing := $(or $(missing),$(strip $(foreach p,$(required),$(if $(call have,$(p)),,$(p)))))
ifneq ($(missing),)
$(error not found: $(missing); to install what famfs is built with, type: make deps)
endif

# Whatever shapes the objects; when it changes, they are made again.
settings := $(VERSION) $(CC) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) SAN=$(SAN) WERROR=$(WERROR) \
	$(found) $(shell cksum <Makefile)
ifneq ($(settings),$(file <$(BUILD)/settings))
$(shell mkdir -p '$(BUILD)'; rm -f '$(BUILD)/config.mk')
$(file >$(BUILD)/settings,$(settings))
endif

-include $(BUILD)/config.mk
ifndef configured
cc-option = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')
soname = $(shell $(READELF) -d "$$($(CC) -print-file-name=lib$(1).so)" 2>/dev/null | \
	sed -n 's/.*(SONAME).*\[\(.*\)\].*/\1/p')
# $(1) pkg-config's name, $(2) the library's, $(3) the macro's
loaded = $(if $(call have,$(1)),$(if $(call soname,$(2)),-DHAVE_LIB$(3) \
	-DFAMFS_SONAME_$(3)='"$(call soname,$(2))"'))

warnings := $(foreach w,-Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wformat=2 -Wundef -Wvla -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough \
	-Wduplicated-cond -Wlogical-op $(if $(findstring thread,$(SAN)),-Wno-tsan), \
	$(call cc-option,$(w)))
lib_warnings := $(call cc-option,-Wconversion)
codegen := $(call cc-option,-fno-semantic-interposition)
packages := $(foreach f,$(found),$(firstword $(subst =, ,$(f))))
pkg_cflags := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(packages)))
pkg_libs := $(shell $(PKG_CONFIG) --libs json-c libdeflate uuid $(if $(call have,libisal),libisal))
# Newer than the libdaxctl of many distributions.
daxctl_famfs := $(shell $(CC) $(pkg_cflags) -include daxctl/libdaxctl.h -x c -E /dev/null \
	2>/dev/null | grep -q daxctl_dev_enable_famfs && echo -DHAVE_DAXCTL_FAMFS)
loads := $(call loaded,libdaxctl,daxctl,DAXCTL) $(call loaded,libndctl,ndctl,NDCTL) \
	$(call loaded,blkid,blkid,BLKID) \
	$(call loaded,libcrypto,crypto,CRYPTO) $(call loaded,libarchive,archive,ARCHIVE) \
	$(if $(call have,libisal),-DHAVE_LIBISAL) $(call loaded,yaml-0.1,yaml,YAML) \
	$(daxctl_famfs) $(call loaded,smartcols,smartcols,SMARTCOLS)
ifeq ($(filter -DHAVE_LIBDAXCTL,$(loads)),)
$(error not found: libdaxctl.so; to install what famfs is built with, type: make deps)
endif
define config
configured := y
warnings := $(warnings)
lib_warnings := $(lib_warnings)
codegen := $(codegen)
pkg_cflags := $(pkg_cflags)
pkg_libs := $(pkg_libs)
loads := $(loads)
endef
$(file >$(BUILD)/config.mk,$(config))
endif
endif

# How to compile and link --------------------------------------------------------------------------
# The caller's CFLAGS, CPPFLAGS and LDFLAGS come last and are never added to.
san_flags := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
our_cflags = -std=gnu11 -pthread $(warnings) $(if $(WERROR),-Werror) $(san_flags)
our_cppflags = -D_GNU_SOURCE= -D_FILE_OFFSET_BITS=64 -DFAMFS_VERSION_STRING='"$(VERSION)"' -Ilib \
	$(pkg_cflags) $(loads) -MMD -MP
# Binding at start costs nothing measurable with so few libraries, and the GOT stays read-only.
our_ldflags = -pthread -Wl,-z,relro,-z,now,--as-needed $(san_flags)
libs = $(pkg_libs) -ldl -lm

say = @printf '  %-7s %s\n' $(1) $(2)
ifneq ($(if $(Q),,V)$(findstring s,$(firstword -$(MAKEFLAGS))),)
say = @:
endif
compile = $(Q)mkdir -p $(@D) && $(CC) $(our_cppflags) $(1) $(CPPFLAGS) $(our_cflags) $(2) $(CFLAGS)
link = $(Q)mkdir -p $(@D) && $(CC) $(our_cflags) $(CFLAGS) $(our_ldflags) $(LDFLAGS)

all: $(BUILD)/famfs $(alias_bin) $(shared_lib) ## build the program and the library
	@:
programs: all $(unit_bin) $(crash_bin) $(fuzz_bin) $(tool_bin) $(faulty_bin)
fuzzers: $(fuzz_bin)

# One set of objects for both libraries: hidden symbols make -fPIC free.
$(BUILD)/obj/lib/%.o: lib/%.c $(BUILD)/settings
	$(call say,CC,$<)
	$(call compile,,-fPIC -fvisibility=hidden $(codegen) $(lib_warnings)) -c $< -o $@

$(BUILD)/obj/cli/%.o: cli/%.c $(BUILD)/settings
	$(call say,CC,$<)
	$(call compile) -c $< -o $@

$(BUILD)/obj/tests/%.o: tests/%.c $(BUILD)/settings
	$(call say,CC,$<)
	$(call compile,-Itests/unit) -c $< -o $@

# The archive holds what exists now, not what once existed.
$(static_lib): $(lib_obj)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(shared_lib): $(lib_obj) lib/libfamfs.map
	$(call say,LD,$@)
	$(link) -shared -Wl,-soname,$(@F) -Wl,--version-script=lib/libfamfs.map \
		$(if $(SAN),,-Wl$(comma)-z$(comma)defs) -o $@ $(lib_obj) $(libs)
comma := ,

$(BUILD)/famfs: $(cli_obj) $(static_lib)
	$(call say,LD,$@)
	$(link) -o $@ $^ $(libs)

$(alias_bin): $(BUILD)/famfs
	$(Q)ln -sf famfs $@

# A test that defines __wrap_NAME stands in front of the function NAME.
wraps = $$($(READELF) -sW $< | sed -n 's/.* __wrap_/-Wl,--wrap=/p')

$(unit_bin): $(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(static_lib)
	$(call say,LD,$@)
	$(link) $(wraps) -o $@ $^ $(libs)

# The device that these open is memory of their own.
$(crash_bin): $(BUILD)/tests/%: $(BUILD)/obj/tests/crash/%.o $(static_lib)
	$(call say,LD,$@)
	$(link) $(wraps) -o $@ $^ $(libs)

# The program with libc's functions behind those that fail when told to.
$(faulty_bin): $(BUILD)/obj/tests/faults/faulty.o $(cli_obj) $(static_lib)
	$(call say,LD,$@)
	$(link) $(wraps) -o $@ $^ $(libs)

define tool_rule
$(BUILD)/tests/$(notdir $(1:.c=)): $(BUILD)/obj/$(1:.c=.o) $(static_lib)
	$$(call say,LD,$$@)
	$$(link) -o $$@ $$^ $$(libs)
endef
$(foreach t,$(tool_src),$(eval $(call tool_rule,$(t))))

# The targets see the program's parts too, and have another main(): libFuzzer's in a build for it
# (SAN=fuzzer-no-link,...), else that of the corpus runner.
fuzz_lib := $(BUILD)/libfuzzed.a
fuzz_main := $(if $(findstring fuzzer,$(SAN)),-fsanitize=fuzzer,$(BUILD)/obj/tests/fuzz/corpus.o)

$(BUILD)/obj/tests/fuzz/cli_main.o: cli/main.c $(BUILD)/settings
	$(call say,CC,$<)
	$(call compile,-Dmain=famfs_main,-Wno-missing-prototypes) -c $< -o $@

$(fuzz_lib): $(fuzz_common_src:%.c=$(BUILD)/obj/%.o) $(filter-out %/main.o,$(cli_obj)) \
		$(BUILD)/obj/tests/fuzz/cli_main.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(fuzz_bin): $(BUILD)/tests/%: $(BUILD)/obj/tests/fuzz/%.o $(filter %.o,$(fuzz_main)) $(fuzz_lib) \
		$(static_lib)
	$(call say,LD,$@)
	$(link) -o $@ $(filter -%,$(fuzz_main)) $^ $(libs)

-include $(wildcard $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d)

# Tests: tests/run builds what it needs, so that it can be used by itself --------------------------
run_tests = +@MAKE='$(MAKE)' BUILD='$(BUILD)' tests/run

check: ## install what the tests need, then run them all
	@tests/deps.sh build check
	$(run_tests)

check-unit check-crash check-cli check-golden check-vm check-san check-valgrind: ## a part of check
	@tests/deps.sh build check
	$(run_tests) $(@:check-%=%)

fuzz: ## fuzz each target for FUZZ_SECONDS (3600)
	@tests/deps.sh build check
	+@FUZZ_KEEP=y FUZZ_SECONDS=$${FUZZ_SECONDS:-3600} \
		FUZZ_SEED="$${FUZZ_SEED:-0}" MAKE='$(MAKE)' BUILD='$(BUILD)' tests/run fuzz

model: ## the model test with MODEL_STEPS (50000) steps for each sequence
	+@MODEL_STEPS=$${MODEL_STEPS:-50000} MODEL_SEED=$${MODEL_SEED:-0} \
		FAMFS_TEST_TIMEOUT=$${FAMFS_TEST_TIMEOUT:-7200} \
		MAKE='$(MAKE)' BUILD='$(BUILD)' tests/run model

check-fmap: ## judge 20 million fmap messages by two implementations of the kernel's rules
	@tests/deps.sh build check
	+@FAMFS_TEST_ROUNDS=20000000 FAMFS_TEST_TIMEOUT=3600 MAKE='$(MAKE)' BUILD='$(BUILD)' \
		tests/run unit:test_fmap_judge

check-arch: ## all unit tests and golden media on other CPUs, emulated
	@tests/deps.sh build check
	+@FAMFS_TEST_TIMEOUT=1200 MAKE='$(MAKE)' BUILD='$(BUILD)' tests/run arch

faults: ## let each allocation and system call of the main commands fail once: minutes
	@tests/deps.sh build check
	+@FAMFS_FAULTS=all FAMFS_TEST_TIMEOUT=7200 MAKE='$(MAKE)' BUILD='$(BUILD)' tests/run faults

coverage: ## the lines of the library that tests run (COVERAGE_TESTS): minutes
	@tests/deps.sh build check coverage
	+@CFLAGS='-O2 -g --coverage' CPPFLAGS=-DCOVERAGE \
		FAMFS_TEST_TIMEOUT=3600 MAKE='$(MAKE)' \
		BUILD='$(BUILD)/coverage' tests/run $(COVERAGE_TESTS); code=$$?; \
		gcovr --root . --filter lib/ --sort-uncovered '$(BUILD)/coverage/obj/lib' && \
		exit $$code
COVERAGE_TESTS ?= unit crash golden cli

messages: ## list every message of errors, hints and findings, and where it is
	@tests/messages

lint: ## layers, budgets, banned calls, format, symbols, scripts
	$(run_tests) lint

crash: ## crash states with a larger bound than check: minutes, and CRASH_BOUND says how large
	@tests/deps.sh build
	+@MAKE='$(MAKE)' BUILD='$(BUILD)' FAMFS_CRASH_BOUND='$(CRASH_BOUND)' \
		FAMFS_TEST_TIMEOUT=7200 tests/run crash
CRASH_BOUND ?= 1048576

fresh: ## demo and check in a bare root that debootstrap makes (FRESH='unit cli': only these tests)
	@tests/fresh $(FRESH)

demo: ## install what the build needs, build, and do the main job on an image
	@tests/deps.sh build
	+@$(MAKE) --no-print-directory all
	@FAMFS='$(abspath $(BUILD))/famfs' tests/demo.sh

bench: ## measure the speeds beside their limits; BUILD/bench.json has them for programs
	@tests/deps.sh build bench
	+@$(MAKE) --no-print-directory programs
	@FAMFS='$(abspath $(BUILD))/famfs' BUILD='$(BUILD)' tests/bench/run \
		--json '$(BUILD)/bench.json'

screenshots: ## make the README's pictures of terminals anew
	@tests/deps.sh build
	+@$(MAKE) --no-print-directory all
	@FAMFS='$(abspath $(BUILD))/famfs' tests/screenshots

bench-plots: ## plot how costs grow with log entries, file size, threads and device size
	@tests/deps.sh build bench
	+@$(MAKE) --no-print-directory all
	@FAMFS='$(abspath $(BUILD))/famfs' tests/bench/plots '$(BUILD)/plots'

bench-placement: ## compare the placement of files with the existing tools'
	+@$(MAKE) --no-print-directory programs
	@'$(BUILD)/tests/sim_place' $(SIM)

abi: $(shared_lib) ## list anew what programs rely on once they are built (tests/pack/abi.list)
	@tests/pack/abi lib/famfs.h $(shared_lib) >$(BUILD)/abi.list
	@cp $(BUILD)/abi.list tests/pack/abi.list

deps: ## install what the build and the tests need
	@tests/deps.sh build check

format: ## rewrite the sources in the house format
	@find lib cli tests -name '*.[ch]' -exec clang-format -i {} +

# Installing ---------------------------------------------------------------------------------------
so_real := libfamfs.so.$(SOVERSION).$(VERSION)
# $(1) in place of what sed found between two |.
sed_text = $(subst |,\|,$(subst &,\&,$(subst \,\\,$(1))))
man_dir = $(mandir)/man$(subst .,,$(suffix $(1)))
# Shells look for completions by the name of the program.
aliases := $(notdir $(alias_bin))
comp_files = "$(DESTDIR)$(zshcompdir)/_famfs" $(foreach p,famfs $(aliases), \
	"$(DESTDIR)$(bashcompdir)/$(p)" "$(DESTDIR)$(fishcompdir)/$(p).fish")

install: all ## install below $(DESTDIR)$(prefix)
	$(Q)$(INSTALL) -d "$(DESTDIR)$(sbindir)" "$(DESTDIR)$(libdir)" \
		"$(DESTDIR)$(includedir)" "$(DESTDIR)$(pkgconfigdir)"
	$(Q)$(INSTALL) -m 755 $(BUILD)/famfs "$(DESTDIR)$(sbindir)/famfs"
	$(Q)ln -sf famfs "$(DESTDIR)$(sbindir)/mkfs.famfs"
	$(Q)ln -sf famfs "$(DESTDIR)$(sbindir)/fsck.famfs"
	$(Q)$(INSTALL) -m 755 $(shared_lib) "$(DESTDIR)$(libdir)/$(so_real)"
	$(Q)ln -sf $(so_real) "$(DESTDIR)$(libdir)/$(notdir $(shared_lib))"
	$(Q)ln -sf $(notdir $(shared_lib)) "$(DESTDIR)$(libdir)/libfamfs.so"
	$(Q)$(INSTALL) -m 644 lib/famfs.h "$(DESTDIR)$(includedir)/famfs.h"
	$(Q)sed -e '/^#/d' $(foreach v,prefix libdir includedir VERSION, \
		-e 's|@$(v)@|$(call sed_text,$($(v)))|') lib/famfs.pc.in | \
		$(INSTALL) -m 644 /dev/stdin "$(DESTDIR)$(pkgconfigdir)/famfs.pc"
	$(Q)$(foreach m,$(man_pages),$(INSTALL) -D -m 644 $(m) \
		"$(DESTDIR)$(call man_dir,$(m))/$(notdir $(m))" &&) :
	$(Q)$(INSTALL) -D -m 644 completions/_famfs "$(DESTDIR)$(zshcompdir)/_famfs"
	$(Q)$(INSTALL) -D -m 644 completions/famfs.bash "$(DESTDIR)$(bashcompdir)/famfs"
	$(Q)$(INSTALL) -D -m 644 completions/famfs.fish "$(DESTDIR)$(fishcompdir)/famfs.fish"
	$(Q)for p in $(aliases); do ln -sf famfs "$(DESTDIR)$(bashcompdir)/$$p" && \
		ln -sf famfs.fish "$(DESTDIR)$(fishcompdir)/$$p.fish"; done

uninstall: ## remove what install installed
	$(Q)rm -f "$(DESTDIR)$(sbindir)/famfs" "$(DESTDIR)$(sbindir)/mkfs.famfs" \
		"$(DESTDIR)$(sbindir)/fsck.famfs" "$(DESTDIR)$(libdir)/$(so_real)" \
		"$(DESTDIR)$(libdir)/$(notdir $(shared_lib))" "$(DESTDIR)$(libdir)/libfamfs.so" \
		"$(DESTDIR)$(includedir)/famfs.h" "$(DESTDIR)$(pkgconfigdir)/famfs.pc" \
		$(foreach m,$(man_pages),"$(DESTDIR)$(call man_dir,$(m))/$(notdir $(m))") \
		$(comp_files)

# Packages -----------------------------------------------------------------------------------------
dist: ## the last commit's sources as an archive in BUILD, the same bytes each time
	@packaging/dist '$(BUILD)'

rpm: ## packages by rpmbuild from that archive, in BUILD/rpm; RPMBUILD_FLAGS=--nodeps
	@packaging/rpm '$(BUILD)' $(RPMBUILD_FLAGS)

deb: ## Debian packages, in BUILD/deb
	+@MAKE='$(MAKE)' packaging/deb '$(BUILD)/deb'

clean: ## remove what was built
	$(Q)rm -rf '$(BUILD)'

help: ## show this list
	@sed -n 's/^\([a-z][a-z -]*\):.*## \(.*\)/\1|\2/p' Makefile | \
		while IFS='|' read -r names text; do for name in $$names; do \
			printf '%-16s %s\n' "$$name" "$$text"; done; done
	@echo
	@echo 'Variables: V=1 shows the commands; SAN=address,undefined; WERROR=1; CC, CFLAGS,'
	@echo 'CPPFLAGS, LDFLAGS, BUILD; prefix, sbindir, libdir, includedir, mandir, bashcompdir,'
	@echo 'zshcompdir, fishcompdir, DESTDIR;'
	@echo 'WITHOUT_LIBNDCTL=1, WITHOUT_LIBBLKID=1, WITHOUT_LIBCRYPTO=1,'
	@echo 'WITHOUT_LIBARCHIVE=1, WITHOUT_LIBISAL=1, WITHOUT_LIBYAML=1,'
	@echo 'WITHOUT_LIBSMARTCOLS=1.'

.PHONY: all programs fuzzers check check-arch check-fmap check-unit check-crash check-cli \
	check-golden check-vm check-san check-valgrind coverage crash faults messages fuzz model \
	lint demo bench bench-plots bench-placement screenshots deps abi fresh format install \
	uninstall dist rpm deb clean help
