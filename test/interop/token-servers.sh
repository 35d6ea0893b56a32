#!/bin/bash
# Builds what the token suite drives beside Debian's docker-registry: distribution 3, and the token
# server of distribution 2.8, at the versions of token-servers/go.mod. Quick when all is there.
# Usage: test/interop/token-servers.sh   (with Go >= 1.26)
set -euo pipefail
cd "$(dirname "$0")/token-servers"

bin=${XDG_CACHE_HOME:-$HOME/.cache}/slipway-ci/token-servers
mkdir -p "$bin"
stamp=$(cat go.mod go.sum | sha256sum | cut -d' ' -f1)
if [[ $(cat "$bin/stamp" 2>/dev/null) != "$stamp" ]]; then
  GOBIN="$bin" GOFLAGS=-mod=readonly go install tool
  echo "$stamp" >"$bin/stamp"
fi
