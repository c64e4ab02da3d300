#!/bin/bash
# Build the servers that no package provides, from Debian's source packages: other allocators
# than the packaged ones have, where a wrong free ends the server at once.
#
#   build-servers.sh DIR               build every server of --list into DIR
#   build-servers.sh DIR LABEL ...     build only those
#   build-servers.sh --list            list them
#   build-servers.sh --list asan|tsan  list those that run with a sanitizer; they are built if they are named
#
# Each becomes DIR/<name>-<version>-<variant>/ with redis-server, -cli and -benchmark (links to
# valkey's in a valkey tree) and a file `version`; `source` is a link to the source of the packaged
# server, with its headers. DIR/by-suite/<label> is a link to the tree. What is there is kept.
#
# No TLS, no systemd, none of the extra modules. Takes a few minutes a server; MAKEFLAGS is obeyed.
# One of --list asan is not built: it is the packaged server, started with gcc's runtimes in front of its libraries.
# Needs: make, gcc, g++ (Redis 8 has a C++ part), and what tools/servers.sh needs for --source.
set -euo pipefail

# <label>, the packaged server with its source, and what make is told.
known=(
  "redis@built-jemalloc   redis@sid   MALLOC=jemalloc"
  "valkey@built-jemalloc  valkey@sid  MALLOC=jemalloc"
  "redis@built-libc       redis@sid   MALLOC=libc"
  # zmalloc's own header of 8 bytes in front of each block, as on a libc that cannot tell a block's size.
  "redis@built-prefix     redis@sid   MALLOC=libc CFLAGS=-DNO_MALLOC_USABLE_SIZE"
)

# -O1: it is not built for speed, and an optimised build with sanitizers takes three times as long.
sanitized=(
  "redis@preload-asan     redis@bookworm  PRELOAD=asan,ubsan"
  "redis@built-asan       redis@sid   MALLOC=libc SANITIZER=address OPTIMIZATION=-O1
                                      REDIS_CFLAGS=-fsanitize=undefined REDIS_LDFLAGS=-fsanitize=undefined"
  "valkey@built-asan      valkey@sid  MALLOC=libc SANITIZER=address OPTIMIZATION=-O1
                                      SERVER_CFLAGS=-fsanitize=undefined SERVER_LDFLAGS=-fsanitize=undefined"
  "redis@built-tsan       redis@sid   MALLOC=libc SANITIZER=thread OPTIMIZATION=-O1"
  "valkey@built-tsan      valkey@sid  MALLOC=libc SANITIZER=thread OPTIMIZATION=-O1"
)

labels() { printf '%s\n' "$@" | sed -n 's/^\([a-z]*@[^ ]*\).*/\1/p'; }

case ${1-} in
  --list)
    if [[ ${2-} ]]; then labels "${sanitized[@]}" | grep -e "-$2\$"; else labels "${known[@]}"; fi
    exit
    ;;
  -* | '') sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
esac
here=$(dirname "$(readlink -f "$0")")
mkdir -p "$1/by-suite"
dir=$(cd "$1" && pwd)
shift
for label; do
  labels "${known[@]}" "${sanitized[@]}" | grep -qxF "$label" ||
    { echo "build-servers.sh: $label is none of --list" >&2; exit 2; }
done

# Says what INFO says of the allocator; and for a prefix, that a block is told larger than asked by those 8 bytes alone.
check_allocator() {
  local tree=$1 settings=$2 wanted=libc said
  [[ $settings == *MALLOC=jemalloc* ]] && wanted=jemalloc
  said=$("$tree/redis-server" --version | grep -o 'malloc=[^ ]*')
  [[ $said == malloc=$wanted* ]] || { echo "  built with $said, not $wanted" >&2; return 1; }
  if [[ $settings != *NO_MALLOC_USABLE_SIZE* ]]; then return 0; fi
  if nm -u "$tree/redis-server" | grep -qw malloc_usable_size; then
    echo "  it asks libc for sizes: no prefix" >&2
    return 1
  fi
}

check_sanitizer() {
  local tree=$1 settings=$2 entry
  case $settings in
    *SANITIZER=address*) entry=__asan_init ;;
    *SANITIZER=thread*) entry=__tsan_init ;;
    *) return 0 ;;
  esac
  nm -Du "$tree"/*-server | grep -w "$entry" >/dev/null || { echo "  built without $entry" >&2; return 1; }
}

# The packaged server's wrapper, which names its loader and libraries, with the runtimes before these. They are needed by
# the server alone, so they are no LD_PRELOAD: the wrapper and all that it runs would have them too.
preload() {
  local label=$1 from=$2 settings=$3 variant=${1#*@preload-} origin version tree name runtimes=
  origin=$dir/by-suite/$from
  if [[ ! -d $origin ]]; then "$here/servers.sh" "$dir" "$from" || return; fi
  origin=$(readlink -f "$origin")
  version=$(cut -d' ' -f2 "$origin/version")
  tree=$origin-$variant
  for name in ${settings//[=,]/ }; do
    if [[ $name != PRELOAD ]]; then runtimes+=${runtimes:+:}$(readlink -f "$(gcc -print-file-name="lib$name.so")"); fi
  done
  rm -rf "$tree.part"
  mkdir -p "$tree.part"
  sed -e "s#^here=.*#&/../$(basename "$origin")#" -e "s#--library-path#--preload '$runtimes' &#" \
    -e "s#--argv0 [^ ]*#--argv0 \"\$0\"#" "$origin/redis-server" >"$tree.part/redis-server"
  chmod +x "$tree.part/redis-server"
  grep -q -e "--preload '/.*/libasan" "$tree.part/redis-server" || { echo "  no runtime to preload" >&2; return 1; }
  for name in redis-cli redis-benchmark; do ln -s "../$(basename "$origin")/$name" "$tree.part/$name"; done
  if [[ -d $origin/source ]]; then ln -s "../$(basename "$origin")/source" "$tree.part/source"; fi
  [[ $(ASAN_OPTIONS=help=1 "$tree.part/redis-server" --version 2>&1) == *"flags for AddressSanitizer"* ]] ||
    { echo "  its runtime does not start" >&2; return 1; }
  echo "redis $version preload $label" >"$tree.part/version"
  rm -rf "$tree"
  mv "$tree.part" "$tree"
  ln -sfn "../$(basename "$tree")" "$dir/by-suite/$label"
}

# The bundled allocator is part of the source package: Debian's patches only stop its use.
build() {
  local label=$1 from=$2 settings=$3 product=${1%@*} variant=${1#*@built-} origin version tree work log program
  origin=$dir/by-suite/$from
  if [[ ! -d $origin/source ]]; then "$here/servers.sh" --source "$dir" "$from" || return; fi
  version=$(cut -d' ' -f2 "$origin/version")
  tree=$dir/$product-$version-$variant
  work=$tree.part/build
  log=$dir/$product-$version-$variant.log
  rm -rf "$tree.part"
  mkdir -p "$tree.part"
  cp -a "$origin/source" "$work"
  # shellcheck disable=SC2086
  make -C "$work/src" $settings BUILD_TLS=no USE_SYSTEMD=no "$product-server" "$product-cli" "$product-benchmark" \
    >"$log" 2>&1 || { tail -n 20 "$log" >&2; return 1; }
  for program in server cli benchmark; do
    cp "$work/src/$product-$program" "$tree.part/"
    if [[ $product != redis ]]; then ln -s "$product-$program" "$tree.part/redis-$program"; fi
  done
  check_allocator "$tree.part" "$settings" || return
  check_sanitizer "$tree.part" "$settings" || return
  # Valkey's objects stay: a server with modules linked into it is made from them.
  if [[ $product != valkey || $settings == *SANITIZER* ]]; then rm -rf "$work"; fi
  ln -s "../$(basename "$(readlink -f "$origin")")/source" "$tree.part/source"
  echo "$product $version built $label" >"$tree.part/version"
  rm -rf "$tree" "$log"
  mv "$tree.part" "$tree"
  ln -sfn "../$(basename "$tree")" "$dir/by-suite/$label"
}

failed=0
entries=("${known[@]}")
if [[ $# -gt 0 ]]; then entries+=("${sanitized[@]}"); fi
for entry in "${entries[@]}"; do
  read -rd '' label from settings <<<"$entry" || true
  if [[ $# -gt 0 && " $* " != *" $label "* ]]; then continue; fi
  if [[ -e $dir/by-suite/$label/version ]]; then
    echo "$label: $(basename "$(readlink "$dir/by-suite/$label")") (already there)"
    continue
  fi
  echo "$label: building ..."
  started=$SECONDS
  make_it=build
  if [[ $settings == PRELOAD=* ]]; then make_it=preload; fi
  if "$make_it" "$label" "$from" "$settings"; then
    echo "$label: $(basename "$(readlink "$dir/by-suite/$label")") in $((SECONDS - started)) s"
  else
    echo "$label: FAILED" >&2
    failed=1
  fi
done
exit $failed
