#!/bin/bash
# Builds the images that the end-to-end suites push, from Debian packages alone, but for one:
#   heavy   layers of 4, 9 and 50 MB, of bytes that cannot be compressed
#   layers  a hundred layers of a file each
#   full    five layers, more than 100 MB compressed: Debian's minbase, a compiler, LLVM, a shell
#   medium  one layer that does not fit a request through Lambda, and those of the small one
#   small   two layers of a few MB
# and one that images are built on:
#   base    Debian's minbase alone
# Each as an OCI layout (oci/<name>, tag "v1"), an OCI archive and a docker archive.
# Usage: test/e2e/image.sh   prints the directory that holds them; builds at most once per version
# of this script. Needs root, debootstrap, umoci, skopeo and apt.
set -euo pipefail
export LC_ALL=C

script=$(realpath "$0")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/slipway-ci
target=$cache/images-$(sha256sum "$script" | cut -c1-12)
if [[ -e $target/complete ]]; then
  echo "$target"
  exit
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/image.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$cache/image.log
exec 3>&1 >"$log" 2>&1
trap 'tail -20 "$log" >&2' ERR

apt-cache show busybox-static >/dev/null 2>&1 || apt-get -qq update

# The same tree gives the same bytes, whenever it is packed.
pack() { # tree tarball
  tar --create --file "$2" --directory "$1" --sort=name --numeric-owner --mtime=@1700000000 .
}

# The files of a Debian package, as one layer.
layer() { # name package...
  local name=$1
  shift
  mkdir -p "$work/debs/$name" "$work/tree/$name"
  (cd "$work/debs/$name" && apt-get download "$@")
  for deb in "$work/debs/$name"/*.deb; do dpkg-deb --extract "$deb" "$work/tree/$name"; done
  pack "$work/tree/$name" "$work/$name.tar"
}

# The mirror that this machine's apt is set up for.
sites=$(apt-get indextargets --format '$(SITE)' 'Codename: bookworm' 'Created-By: Packages')
debootstrap --variant=minbase bookworm "$work/tree/base" "${sites%%$'\n'*}"
rm -rf "$work"/tree/base/var/cache/apt/archives/*.deb "$work"/tree/base/var/lib/apt/lists/*
# Device nodes need rights that unpacking as another user would not have.
rm -rf "$work"/tree/base/dev/*
pack "$work/tree/base" "$work/base.tar"
layer compiler cpp-12 gcc-12
layer llvm libllvm14
layer preprocessor cpp-12
layer shell busybox-static
mkdir -p "$work/tree/note/etc"
echo 'built for the end-to-end suites' >"$work/tree/note/etc/slipway"
pack "$work/tree/note" "$work/note.tar"

random() { # name bytes
  mkdir -p "$work/tree/$1"
  # The same bytes each time, and such that no compression makes them fewer.
  head -c "$2" /dev/zero |
    openssl enc -aes-128-ctr -nosalt -pbkdf2 -pass "pass:$1" -out "$work/tree/$1/$1"
  pack "$work/tree/$1" "$work/$1.tar"
}
random four 4000000
random nine 9000000
random fifty 50000000

hundred=()
for number in {1..100}; do
  mkdir -p "$work/tree/file-$number"
  echo "$number" >"$work/tree/file-$number/$number"
  pack "$work/tree/file-$number" "$work/file-$number.tar"
  hundred+=("file-$number")
done

mkdir -p "$work/out/oci"
image() { # name layer...
  local layout=$work/out/oci/$1 name=$1
  shift
  umoci init --layout "$layout"
  umoci new --image "$layout:v1"
  for part in "$@"; do
    umoci raw add-layer --image "$layout:v1" --history.created_by "layer $part" "$work/$part.tar"
  done
  umoci config --image "$layout:v1" --config.cmd /bin/busybox --os linux --architecture amd64
  umoci gc --layout "$layout"
  skopeo --insecure-policy copy "oci:$layout:v1" "oci-archive:$work/out/$name.oci.tar:v1"
  skopeo --insecure-policy copy "oci:$layout:v1" \
    "docker-archive:$work/out/$name.docker.tar:slipway.test/$name:v1"
}
image full base compiler llvm shell note
image medium preprocessor shell note
image small shell note
image heavy four nine fifty
image layers "${hundred[@]}"
image base base

touch "$work/out/complete"
rm -rf "$target"
mv "$work/out" "$target"
echo "$target" >&3
