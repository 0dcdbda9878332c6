# ugat: see HACKING.md. Nothing here asks for a library before the packages are there, so `make demo` and `make check` work at once.
VERSION = 0.1.0

PREFIX ?= /usr/local
BINDIR = $(PREFIX)/bin
SBINDIR = $(PREFIX)/sbin
MANDIR = $(PREFIX)/share/man
O ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
comma = ,

CC ?= cc
CSTD = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wpointer-arith \
	-Wwrite-strings -Wcast-qual
HARDEN = -fPIE -fstack-protector-strong -fno-strict-aliasing $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
CFLAGS ?= -O2 -g
SANFLAGS = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_CFLAGS = $(CSTD) $(WARN) $(HARDEN) -ffunction-sections -fdata-sections -Ilib -I. -DUGAT_VERSION='"$(VERSION)"' $(SANFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -pthread -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed $(SANFLAGS) $(LDFLAGS)
LIBS = -levent_core -levent_extra -lcrypto

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $(2))

LIB_SRC = $(wildcard lib/*/*.c)
CMD_SRC = $(wildcard cmd/ugat-*.c)
CMD_SH = $(filter-out %.c %.h,$(wildcard cmd/ugat cmd/ugat-*))
AUTHD_SRC = $(wildcard authd/*.c)
UNIT_SRC = $(wildcard tests/unit/*/*_test.c)
FUZZ_SRC = $(wildcard tests/fuzz/fuzz_*.c)

LIB = $(O)/libugat.a
CMDS = $(CMD_SRC:cmd/%.c=$(O)/bin/%) $(CMD_SH:cmd/%=$(O)/bin/%)
UNITS = $(UNIT_SRC:%.c=$(O)/%)
REPLAYS = $(FUZZ_SRC:tests/fuzz/fuzz_%.c=$(O)/tests/fuzz/replay_%)

all: $(CMDS)

objects = $(patsubst %.c,$(O)/%.o,$(1))

$(O)/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call objects,$(LIB_SRC))
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(O)/bin/ugat-%: $(O)/cmd/ugat-%.o $(O)/cmd/tool.o $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(CMD_SH:cmd/%=$(O)/bin/%): $(O)/bin/%: cmd/%
	$(call say,COPY,$@)
	@mkdir -p $(@D)
	$(Q)sed 's/@VERSION@/$(VERSION)/' $< > $@ && chmod 755 $@

$(O)/tests/unit/%: $(O)/tests/unit/%.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

-include $(shell find $(O) -name '*.d' 2>/dev/null)

clean:
	rm -rf build build-*

.PHONY: all clean
.SECONDARY:
.DELETE_ON_ERROR:
