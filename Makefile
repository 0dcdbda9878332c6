# ugat: see HACKING.md. Nothing here asks for a library before the packages are there, so `make demo` and `make check` work at once.
VERSION = 0.1.0

PREFIX ?= /usr/local
BINDIR = $(PREFIX)/bin
SBINDIR = $(PREFIX)/sbin
SHAREDIR = $(PREFIX)/share
# Debian's fish does not look below /usr/local.
FISHDIR ?= $(if $(filter /usr/local,$(PREFIX)),/etc/fish/completions,$(SHAREDIR)/fish/vendor_completions.d)
DESTDIR ?=
comma = ,
O ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))

CC ?= cc
CSTD = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wpointer-arith \
	-Wwrite-strings -Wcast-qual $(if $(WERROR),-Werror)
CFLAGS ?= -O2 -g
# _FORTIFY_SOURCE does nothing but warn without optimisation, and hides reports from the sanitizers.
OPTIMISED = $(filter-out -O0,$(filter -O%,$(CFLAGS)))
HARDEN = -fPIE -fstack-protector-strong -fno-strict-aliasing -U_FORTIFY_SOURCE \
	$(if $(SAN),,$(if $(OPTIMISED),-D_FORTIFY_SOURCE=2))
SANFLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_CFLAGS = $(CSTD) $(WARN) $(HARDEN) -ffunction-sections -fdata-sections -pthread -Ilib -I. -DUGAT_VERSION='"$(VERSION)"' \
	$(SANFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -pthread -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed $(SANFLAGS) $(LDFLAGS)
# --as-needed: each program is bound only to what it calls.
# -lc before -lbsd: what both have is taken from the one that is there anyway.
LIBS = -levent_core -levent_extra -levent_openssl -lcurl -lssl -lcrypto -lsqlite3 -lc -lbsd

FUZZ_CC ?= clang
FUZZ_SECONDS ?= 20
FUZZ_CFLAGS = $(CSTD) $(WARN) -Ilib -I. -DUGAT_VERSION='"$(VERSION)"' -g -O1 -fno-omit-frame-pointer \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2))
quote = '$(subst ','\'',$(1))'
objects = $(patsubst %.c,$(O)/%.o,$(1))

LIB_SRC = $(wildcard lib/*/*.c)
CMD_SRC = $(wildcard cmd/ugat-*.c)
CMD_SHARED_SRC = $(filter-out $(CMD_SRC),$(wildcard cmd/*.c))
CMD_SH = $(filter-out %.c %.h,$(wildcard cmd/ugat cmd/ugat-*))
AUTHD_MAIN_SRC = $(wildcard authd/authd.c authd/authctl.c)
AUTHD_SHARED_SRC = $(filter-out $(AUTHD_MAIN_SRC),$(wildcard authd/*.c))
UNIT_SRC = $(wildcard tests/unit/*/*_test.c)
UNIT_SHARED_SRC = $(filter-out %_test.c,$(wildcard tests/unit/*.c tests/unit/*/*.c))
FUZZ_SRC = $(wildcard tests/fuzz/fuzz_*.c)
BENCH_SRC = $(wildcard tests/bench/*/*.c)
FAULTY_SRC = $(wildcard tests/torture/preload/*.c)

LIB = $(O)/libugat.a
CMDS = $(CMD_SRC:cmd/%.c=$(O)/bin/%) $(CMD_SH:cmd/%=$(O)/bin/%)
DAEMONS = $(AUTHD_MAIN_SRC:authd/%.c=$(O)/sbin/%)
UNITS = $(UNIT_SRC:%.c=$(O)/%)
REPLAYS = $(FUZZ_SRC:tests/fuzz/fuzz_%.c=$(O)/tests/fuzz/replay_%)
BENCHES = $(BENCH_SRC:%.c=$(O)/%)
FAULTY = $(O)/tests/torture/faulty.so
WITNESS = $(O)/tests/fake/witness.so
AUTHD_OBJ = $(call objects,$(AUTHD_SHARED_SRC))
CMD_OBJ = $(call objects,$(CMD_SHARED_SRC))
FUZZERS = $(FUZZ_SRC:tests/fuzz/fuzz_%.c=$(O)/fuzz/bin/fuzz_%)

# Build and run in a second make: the first one may have brought the compiler. PKG=no leaves the packages alone.
need = $(if $(filter no,$(PKG)),,@pkg/install.sh $(1))
again = +@$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2))

all: $(CMDS) $(DAEMONS)
tests: $(UNITS) $(REPLAYS) $(FAULTY) $(WITNESS)

help:
	@printf '%s\n' 'make               build, below $(O)/' \
		'make install       into $(PREFIX); PREFIX= and DESTDIR= as usual; FISHDIR= where fish looks for completions' \
		'make uninstall     take that away again' 'make demo          a download, on this machine alone' \
		'make check         all tests; CHECK="lint unit" for a part' 'make lint          the rules of the house' \
		'make torture       attacks that take minutes' 'make sanitize      all tests under the sanitizers, an hour' \
		'make coverage      what the tests reach' 'make fuzz          libFuzzer' \
		'make bench         figures beside other programs' 'make bench-check   the same, held against the last release' \
		'make dist          a tarball' 'make deb           Debian packages' 'make html          the pages for a web site' \
		'make picture       the one in README.md' 'make clean         remove what was built'

# CHECK: parts, as for tests/run; default: all.
check:
	$(call need,build demo check)
	$(again) check-now
check-now:
	@mkdir -p $(O) && rm -f $(O)/build-failed
	+@$(MAKE) --no-print-directory -k all tests benches || : > $(O)/build-failed
	@O=$(call quote,$(O)) SAN=$(call quote,$(SAN)) tests/run $(CHECK)
lint:
	$(call need,build demo check)
	$(again) all
	@O=$(call quote,$(O)) tests/run lint
demo:
	$(call need,build demo)
	$(again) all
	@PATH=$(call quote,$(abspath $(O))/bin):"$$PATH" bash tests/flow/demo.sh
fuzz:
	$(call need,build demo check)
	$(again) fuzzers
	@O=$(call quote,$(O)) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run-fuzz
fuzzers: $(FUZZERS)

# Not optimised, so that a line is a line (and gcc's guesses at what is set are wrong). What threads count must add up.
COVERAGE_O = $(patsubst %-coverage,%,$(O))-coverage
coverage:
	$(call need,build demo check coverage)
	$(again) O=$(call quote,$(COVERAGE_O)) SAN= CFLAGS='-O0 -g --coverage -DUGAT_COVERAGE -fprofile-update=atomic -Wno-maybe-uninitialized' LDFLAGS=--coverage all tests
	@O=$(call quote,$(COVERAGE_O)) tests/run-coverage $(COVERAGE)

bench:
	$(call need,build demo check bench)
	$(again) all benches
	@UGAT_OUT=$(call quote,$(abspath $(O))) tests/bench/run $(BENCH)
bench-check:
	$(call need,build demo check bench)
	$(again) all benches
	@UGAT_OUT=$(call quote,$(abspath $(O))) tests/bench/run -c $(BENCH)
benches: $(BENCHES)

# TORTURE: themes, and `quick`; default: all of them, in full.
torture:
	$(call need,build demo check)
	$(again) all tests
	@O=$(call quote,$(O)) SAN=$(call quote,$(SAN)) tests/run-torture $(TORTURE)

# The whole suite with the first sanitizers, then what has threads with the other one: an hour. A build of each lies apart.
THREADED = unit $(addprefix tests/cmd/ugat-,fetch.bats fetch-disk.bats fetch-net.bats fetch-output.bats verify.bats make.bats) \
	$(addprefix tests/flow/,resume.bats repair.bats stream.bats make.bats seed.bats content.bats kills.bats send.bats send-resume.bats login-authd.bats)
sanitize:
	$(call need,build demo check)
	+@$(MAKE) --no-print-directory check PKG=no O=$(call quote,$(O)-address) SAN=address,undefined
	+@$(MAKE) --no-print-directory check PKG=no O=$(call quote,$(O)-thread) SAN=thread CHECK=$(call quote,$(THREADED))

# Objects follow the compiler and its flags, too: the file changes only when they do.
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@command -v $(firstword $(CC)) >/dev/null || { echo 'there is no compiler ($(firstword $(CC))): pkg/install.sh build' >&2; exit 1; }
	@printf '%s\n' $(call quote,$(CC) $(ALL_CFLAGS) / $(ALL_LDFLAGS) $(LIBS) / $(FUZZ_CC) $(FUZZ_CFLAGS)) > $@.new
	@if cmp -s $@.new $@; then rm -f $@.new; else mv -f $@.new $@; fi

$(O)/%.o: %.c $(O)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call objects,$(LIB_SRC))
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(CMD_SRC:cmd/%.c=$(O)/bin/%): $(O)/bin/%: $(O)/cmd/%.o $(CMD_OBJ) $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(CMD_SH:cmd/%=$(O)/bin/%): $(O)/bin/%: cmd/% $(O)/flags
	$(call say,COPY,$@)
	@mkdir -p $(@D)
	$(Q)sed 's/@VERSION@/$(VERSION)/' $< > $@ && chmod 755 $@

$(DAEMONS): $(O)/sbin/%: $(O)/authd/%.o $(AUTHD_OBJ) $(CMD_OBJ) $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(UNITS): $(O)/tests/unit/%: $(O)/tests/unit/%.o $(call objects,$(UNIT_SHARED_SRC)) $(AUTHD_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(BENCHES): $(O)/tests/bench/%: $(O)/tests/bench/%.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(REPLAYS): $(O)/tests/fuzz/replay_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/replay.o $(AUTHD_OBJ) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# For LD_PRELOAD, so without the sanitizers, which want to be first.
$(FAULTY): $(FAULTY_SRC) tests/torture/preload/plan.h $(O)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CSTD) $(WARN) -O2 -g -fPIC -shared -o $@ $(FAULTY_SRC)

$(WITNESS): tests/fake/witness.c $(O)/flags
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CSTD) $(WARN) -O2 -g -fPIC -shared -o $@ $<

$(O)/fuzz/%.o: %.c $(O)/flags
	$(call say,FUZZCC,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<
$(FUZZERS): $(O)/fuzz/bin/%: $(O)/fuzz/tests/fuzz/%.o $(patsubst %.c,$(O)/fuzz/%.o,$(LIB_SRC) $(AUTHD_SHARED_SRC))
	$(call say,FUZZLD,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -pthread -o $@ $^ $(LIBS)

# Every file to install, a line each: mode, source, target.
MANIFEST = $(SHAREDIR)/ugat/manifest
line = printf '%s\t%s\t%s\n' $(1) $(call quote,$(2)) $(call quote,$(3));
PLACES = $(foreach f,$(CMDS),$(call line,755,$(f),$(BINDIR)/$(notdir $(f)))) \
	$(foreach f,$(DAEMONS),$(call line,755,$(f),$(SBINDIR)/$(notdir $(f)))) \
	$(foreach f,$(wildcard authd/*.service),$(call line,644,$(f),$(PREFIX)/lib/systemd/system/$(notdir $(f)))) \
	$(foreach f,$(wildcard man/*.[1-8]),$(call line,644,$(f),$(SHAREDIR)/man/man$(patsubst .%,%,$(suffix $(f)))/$(notdir $(f)))) \
	$(foreach f,$(wildcard completions/*.fish),$(call line,644,$(f),$(FISHDIR)/$(notdir $(f)))) \
	$(foreach f,$(CMDS) $(DAEMONS),$(call line,644,completions/ugat.bash,$(SHAREDIR)/bash-completion/completions/$(notdir $(f)))) \
	$(call line,644,completions/_ugat,$(SHAREDIR)/zsh/site-functions/_ugat)

# For tests/lint/clang.sh.
print-cflags:
	@printf '%s\n' $(call quote,$(ALL_CFLAGS))

install: all
	@{ $(PLACES) } | DESTDIR=$(call quote,$(DESTDIR)) pkg/place.sh install $(call quote,$(MANIFEST))
uninstall:
	@DESTDIR=$(call quote,$(DESTDIR)) pkg/place.sh uninstall $(call quote,$(MANIFEST))

dist:
	@pkg/dist.sh tar $(VERSION) $(call quote,$(O))
deb:
	$(call need,build deb)
	@pkg/dist.sh deb $(VERSION) $(call quote,$(O))
# The pages as HTML, for a web site.
html:
	$(call need,html)
	@mkdir -p $(O)/html
	@for page in man/*.[1-8]; do \
		mandoc -T html -O style=mandoc.css,man=%N.%S.html $$page > $(O)/html/$${page##*/}.html || exit 1; done
	@cp man/mandoc.css $(O)/html/ && cp $(O)/html/ugat.7.html $(O)/html/index.html

# The one in README.md, from a real run.
picture:
	$(call need,build demo check)
	$(again) all
	@PATH=$(call quote,$(abspath $(O))/bin:$(abspath $(O))/sbin):"$$PATH" tests/flow/picture.sh man/ugat.svg

clean:
	rm -rf build build-*

-include $(shell find $(O) -name '*.d' -type f 2>/dev/null)

FORCE:
.PHONY: all help tests check check-now lint demo fuzz fuzzers coverage bench bench-check benches torture sanitize print-cflags dist deb html picture install uninstall clean FORCE
.SECONDARY:
.DELETE_ON_ERROR:
