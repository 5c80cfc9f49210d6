# The door. Meson builds, in one folder a variant: build/ is gcc, plain.
#
#   make            install what is missing, build everything
#   make demo       ... and run the main job
#   make test       ... layers, sizes, every test   [T=part of a name] [V=1]
#   make bench | golden | docs | fuzz | clean
#   make install | install-python [PREFIX=/usr/local] [DESTDIR=]
#
# Variants: [CC=clang] [SAN=address,undefined | thread]. WARN=1 lets warnings pass.

comma := ,
CC := $(if $(filter clang%,$(CC)),$(CC),gcc)
tag := $(if $(FUZZ),-fuzz,$(if $(filter gcc,$(CC)),,-$(CC)))$(if $(SAN),-$(subst $(comma),-,$(SAN)))
B := build$(tag)
PREFIX ?= /usr/local
ccache := $(if $(shell command -v ccache),ccache )

options = -Dwerror=$(if $(WARN),false,true) -Db_sanitize=$(or $(SAN),none) -Dprefix=$(PREFIX) \
          $(if $(SAN),-Doptimization=1 -Db_lundef=false) $(if $(FUZZ),-Dc_args=-fsanitize=fuzzer-no-link)
files = { echo '$(options)'; tools/find.sh . '*.c' '*.proto' '*.cases' '*.py'; \
          ls tools/*.c include/*.h || :; } 2>/dev/null
filter = $(if $(T),$$(meson test -C $(B) --list 2>/dev/null | grep -e '$(T)' || echo no-test-matches-$(T)))
check = WEFT_BUILD=$(B) meson test -C $(B) --no-rebuild $(if $(V),-v) $(filter) || \
        { tools/failed.sh $(B)/meson-logs/testlog.txt; exit 1; }; \
        grep -hs ': skipped$$' $(B)/meson-logs/testlog.txt || :

# Memory that is not to be had is refused, as without a sanitizer. oneDNN is loaded late
# (num/libs.h), and gcc 12's leak checker trips over the thread-local memory of such libraries.
sanitizer = halt_on_error=1:print_summary=1:allocator_may_return_null=1
export ASAN_OPTIONS ?= $(sanitizer):intercept_tls_get_addr=0
export TSAN_OPTIONS ?= $(sanitizer)

all: deps build

deps:
	@tools/deps.sh

# Configure where nothing is yet, and again when the set of files or the options changed.
build:
	@mkdir -p $(B); $(files) > $(B)/files.now; \
	if ! cmp -s $(B)/files.now $(B)/files; then \
	    out=$$(CC="$(ccache)$(CC)" meson setup $$([ ! -f $(B)/build.ninja ] || echo --reconfigure) \
	           $(B) $(options)) || { echo "$$out"; exit 1; }; \
	    mv $(B)/files.now $(B)/files; \
	fi
	@ninja -C $(B)

test: deps build
	tools/layers.sh
	@tools/sizes.sh
	@$(check)

demo: all
	@$(B)/weft demo

bench: all
	@bench/run.sh $(B)

# What TensorFlow computed, by op: ../shared/recorded/ops, then the graphs of ../shared/golden, each
# node alone and whole.
golden: build
	@V=1 $(B)/ops-recorded-test $(T) && $(B)/ops-golden-test $(T) && V=1 $(B)/ops-whole-test $(T)

# The page of the ops, from their rows.
docs: build
	@$(B)/ops_doc > docs/ops.md.new && mv docs/ops.md.new docs/ops.md

fuzz: deps
	@$(MAKE) --no-print-directory CC=clang SAN=address,undefined FUZZ=1 build
	@for f in fuzz/*.c; do build-fuzz-address-undefined/fuzz-$$(basename $$f .c) \
	    -max_total_time=10 || exit 1; done

place = @meson install -C $(B) --no-rebuild --strip $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

# The library, its headers, the command.
install: build
	$(place) --tags runtime,devel,man

# The package for /usr/bin/python3; it needs the library.
install-python: build
	$(place) --tags python

clean:
	rm -rf build build-*

.PHONY: all deps build test demo bench golden docs fuzz install install-python clean
