/**
 * An image to convert, and what distribution 2.8.3 makes of it: printed by `schema1-tool convert` of .ci/schema1.
 *
 * @module
 */

/** With what Go writes in its own way: `<`, a line separator, zeros at the end of a time, numbers. */
export const CONFIG = Buffer.from(`{
  "os": "linux", "architecture": "amd64", "id": "not kept",
  "config": {"Env": ["A=<&>"], "n": 1.50, "é": "\u2028"},
  "rootfs": {"type": "layers", "diff_ids": ["sha256:${'1'.repeat(64)}", "sha256:${'2'.repeat(64)}"]},
  "history": [
    {"created": "2020-01-02T03:04:05.120000Z", "created_by": "ADD <files>"},
    {"created": "2020-01-02T03:04:05+01:00", "comment": "say \\"so\\"", "author": "me", "empty_layer": true},
    {"created_by": "RUN\\ttrue"}
  ]
}`)

export const LAYERS: readonly string[] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`]

/** The digest of what it is in schema 1, as `v1` of `library/app`. */
export const CONVERTED = 'sha256:972148c387be6c617f1406ede8e1cae66bd1bc0614991642757de247be85a203'
