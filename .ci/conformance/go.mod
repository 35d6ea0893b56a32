// The official conformance suite, in the last version that the module proxy has. Built by itself, so
// that nothing else decides on the versions it is built with.
module slipway/ci/conformance

go 1.26.0

require github.com/opencontainers/distribution-spec/conformance v0.0.0-20260413194130-13a5d3ee2857
