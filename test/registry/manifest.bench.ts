/**
 * What it costs to check a manifest: alone, and beside only parsing it, which bounds nothing and sees
 * nothing of what readers differ in. `npm run bench:micro` prints it; nothing depends on the figures.
 *
 * @module
 */

import { test } from 'vitest'
import { parseManifest } from '../../functions/registry/manifest.ts'
import { storedMediaType } from '../../functions/registry/manifest-type.ts'
import { MAX_MANIFEST_BYTES } from '../../functions/registry/manifests.ts'
import { OCI_INDEX, OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { atOnce } from '../../functions/shared/turns.ts'
import { blob, imageOf } from '../support/hosts/content.ts'

const descriptor = (at: number) => ({
  mediaType: OCI_MANIFEST,
  digest: `sha256:${at.toString(16).padStart(64, '0')}`,
  size: 1234,
})
const platform = { architecture: 'amd64', os: 'linux' }
const index = (fields: object) => Buffer.from(JSON.stringify({ schemaVersion: 2, ...fields }))
const list = (count: number, fields: object) =>
  index({ manifests: Array.from({ length: count }, (_, at) => ({ ...descriptor(at), ...fields })) })

/** An index with as many of these items as fit. */
const full = (item: string) =>
  Buffer.from(
    `{"schemaVersion":2,"manifests":[${Array(Math.floor((MAX_MANIFEST_BYTES - 40) / (item.length + 1))).fill(item)}]}`,
  )

const MANIFESTS: readonly (readonly [name: string, bytes: Uint8Array, type: string])[] = [
  ['an image of 10 layers', imageOf(Array(10).fill(blob('layer', 1))).bytes, OCI_MANIFEST],
  ['an index of 20 images', list(20, { platform }), OCI_INDEX],
  ['an index of 10,000 images', list(10_000, { platform }), OCI_INDEX],
  ['an index of 4 MB', list(25_000, {}), OCI_INDEX],
  ['4 MB of {}', full('{}'), OCI_INDEX],
]

for (const [name, bytes, type] of MANIFESTS) {
  test(name, async ({ bench }) => {
    await bench.compare(
      bench('parsed and no more', () => void JSON.parse(bytes.toString())),
      bench('pushed', () => {
        try {
          parseManifest(bytes, type)
        } catch {
          // That it is refused may cost nothing either.
        }
      }),
      bench('pulled', () => void atOnce(storedMediaType(bytes))),
    )
  })
}
