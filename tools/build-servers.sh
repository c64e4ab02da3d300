#!/bin/bash
# Build the servers that no package provides, from Debian's source packages: other allocators
# than the packaged ones have, where a wrong free ends the server at once.
#
#   build-servers.sh DIR             build every server below into DIR
#   build-servers.sh DIR LABEL ...   build only those
#   build-servers.sh --list          list them
#
# Each becomes DIR/<name>-<version>-<variant>/ with redis-server, -cli and -benchmark (links to
# valkey's in a valkey tree) and a file `version`; `source` is a link to the source of the packaged
# server, with its headers. DIR/by-suite/<label> is a link to the tree. What is there is kept.
#
# No TLS, no systemd, none of the extra modules. Takes a few minutes a server; MAKEFLAGS is obeyed.
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

labels() { printf '%s\n' "${known[@]}" | cut -d' ' -f1; }

case ${1-} in
  --list) labels; exit ;;
  -* | '') sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
esac
here=$(dirname "$(readlink -f "$0")")
mkdir -p "$1/by-suite"
dir=$(cd "$1" && pwd)
shift
for label; do
  labels | grep -qxF "$label" || { echo "build-servers.sh: $label is none of --list" >&2; exit 2; }
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
  # Valkey's objects stay: a server with modules linked into it is made from them.
  if [[ $product != valkey ]]; then rm -rf "$work"; fi
  ln -s "../$(basename "$(readlink -f "$origin")")/source" "$tree.part/source"
  echo "$product $version built $label" >"$tree.part/version"
  rm -rf "$tree" "$log"
  mv "$tree.part" "$tree"
  ln -sfn "../$(basename "$tree")" "$dir/by-suite/$label"
}

failed=0
for entry in "${known[@]}"; do
  read -r label from settings <<<"$entry"
  if [[ $# -gt 0 && " $* " != *" $label "* ]]; then continue; fi
  if [[ -e $dir/by-suite/$label/version ]]; then
    echo "$label: $(basename "$(readlink "$dir/by-suite/$label")") (already there)"
    continue
  fi
  echo "$label: building ..."
  started=$SECONDS
  if build "$label" "$from" "$settings"; then
    echo "$label: $(basename "$(readlink "$dir/by-suite/$label")") in $((SECONDS - started)) s"
  else
    echo "$label: FAILED" >&2
    failed=1
  fi
done
exit $failed
