/**
 * The clients that `.ci/long others` installs: with another host for uploads, and with the whole registry on
 * a Web Function.
 *
 * @module
 */

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WEB_FUNCTIONS } from '../../emulators/web-function/habits.ts'
import { scratch } from '../../support/live/process.ts'
import { type BehindEndpoint, startBehindEndpoint } from '../support/behind-endpoint.ts'
import { sourceImage } from '../support/image.ts'
import { OTHER_CLIENTS } from '../support/other-clients.ts'
import { followTests, uploadScene } from '../support/upload-scene.ts'

describe('uploads to a Web Function', () => {
  followTests(
    'Web Function',
    uploadScene('Web Function', Object.keys(OTHER_CLIENTS)),
    OTHER_CLIENTS,
  )
})

/** cosign takes digests from HEADs, which S3 does not send: see docs/aws.md. */
const VARIANTS = {
  'length kept': ['cosign 3.1'],
  'length zero': ['ko 0.19', 'jib-maven-plugin 3.5', 'oci-client 0.18'],
} as const

for (const variant of ['length kept', 'length zero'] as const) {
  describe(`the whole registry on a Web Function, ${variant}`, () => {
    const files = scratch('others')
    let behind: BehindEndpoint
    beforeAll(async () => {
      behind = await startBehindEndpoint(WEB_FUNCTIONS[variant])
    }, 900_000)
    afterAll(async () => {
      await behind?.close()
      files.remove()
    })

    test.for<string>(VARIANTS[variant])('%s pushes, and pulls', async (name) => {
      const { endpoint, alice } = behind
      const { address } = endpoint
      const directory = mkdtempSync(join(files.path, 'c'))
      const image = await sourceImage('small')
      const client = await OTHER_CLIENTS[name]!.open!({ address, directory, image })
      const session = client.as(alice)
      await session.logIn?.()
      const before = endpoint.passed.length
      const target = `${address}/team/${name.split(' ')[0]}:v1`
      const pushed = await session.push(target)
      expect(await session.pull(target)).toBe(pushed)
      const failed = endpoint.passed
        .slice(before)
        .filter(({ status }) => status >= 402 && status !== 404)
      expect(failed).toEqual([])
    })
  })
}
