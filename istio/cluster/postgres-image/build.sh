#!/usr/bin/env bash
# build.sh NAME FILE.tar: an image of that name with Debian's PostgreSQL in it, as an OCI archive. Wants buildah, and for it the
# base that the shop's Dockerfile stands on.
set -euo pipefail
name=$1 file=$2
export STORAGE_DRIVER=${STORAGE_DRIVER:-vfs} BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}
here=$(dirname "${BASH_SOURCE[0]}")
base=$(sed -n 's/^ARG NODE_IMAGE=//p' "$here/../../../Dockerfile")
buildah bud --pull-never --build-arg "NODE_IMAGE=$base" -q -t "$name" "$here" >/dev/null
rm -f "$file"
buildah push -q "$name" "oci-archive:$file:$name"
