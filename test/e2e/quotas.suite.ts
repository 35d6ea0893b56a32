/**
 * A push beyond a quota: every client stops, and says how much is used and how much it would take.
 *
 * @module
 */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { QUOTAS_KEY } from '../../functions/registry/layout.ts'
import { scratch } from '../support/live/process.ts'
import { type LiveRegistry, startRegistry } from '../support/live/registry.ts'
import { clients } from './support/clients.ts'
import { type SourceImage, sourceImage } from './support/image.ts'

/** Too little for the manifest and its blobs, enough for its blobs to be taken. */
const QUOTAS = 'version: 1\nquotas:\n  - repositories: ["small/**"]\n    hard: 1 kB\n'

/** It prints the status alone. */
const SILENT = ['ctr']

const directory = scratch('quo')
let registry: LiveRegistry
let image: SourceImage

beforeAll(async () => {
  const data = join(directory.path, 'data')
  await openFileStore(data).put(QUOTAS_KEY, Buffer.from(QUOTAS))
  registry = await startRegistry('slipway', { directory: data })
  image = await sourceImage('small')
}, 900_000)

afterAll(async () => {
  await registry.close()
  directory.remove()
})

for (const [title, open] of Object.entries(clients)) {
  test(title, async () => {
    const { address } = registry
    const place = { address, directory: mkdtempSync(join(directory.path, 'c-')), image }
    const client = await open(place)
    try {
      const session = client.as()
      const refused = session.push(`${address}/small/${title}:v1`)
      const said = /the quota of small\/\*\* is 1\.0 kB, .* are used/
      const told = await refused.then(String, String)
      expect(told).toMatch(SILENT.includes(title) ? /403 Forbidden/ : said)
      // With its engine of version 29 it is "error from registry: the quota of".
      if (title === 'docker') expect(told).toContain('denied: the quota of')
      await session.push(`${address}/large/${title}:v1`)
    } finally {
      await client.close?.()
    }
  })
}
