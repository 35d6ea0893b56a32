/**
 * Paths that try to escape, sent unchanged over a socket: refused, and nothing is written.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, describe, test } from 'vitest'
import { blob } from '../support/hosts/content.ts'
import { codeOf, expectStatus } from '../support/rig/client.ts'
import { allObjects } from '../support/rig/invariants.ts'
import { pushAtOnce } from '../support/rig/push.ts'
import { SERVERS } from '../support/rig/server.ts'

const { bytes, sha256 } = blob('stray', 100)

const NAMES = [
  '..',
  '../..',
  'a/../b',
  'a/..',
  '../a',
  'a/./b',
  '%2e%2e',
  'a/%2e%2e/b',
  '%2E%2E/a',
  'a%2f..%2fb',
  '..%2f..%2fetc',
  '%252e%252e',
  'a/%00/b',
  'a//b',
  'a\\..\\b',
  '%c0%ae%c0%ae',
  '.slipway/uploads',
  '_layers',
  'a/_manifests/tags/x',
  '$',
]

/** Requests that would write to or read from the repository of that name. */
const REQUESTS: readonly (readonly [string, (name: string) => string])[] = [
  ['POST', (name) => `/v2/${name}/blobs/uploads/?digest=${sha256}`],
  ['POST', (name) => `/v2/to/blobs/uploads/?mount=${sha256}&from=${name}`],
  ['PUT', (name) => `/v2/${name}/manifests/v1`],
  ['PUT', (name) => `/v2/a/manifests/${name}`],
  ['GET', (name) => `/v2/${name}/blobs/${sha256}`],
  ['GET', (name) => `/v2/${name}/manifests/v1`],
  ['GET', (name) => `/v2/${name}/tags/list`],
  ['DELETE', (name) => `/v2/${name}/manifests/v1`],
  ['DELETE', (name) => `/v2/${name}/blobs/${sha256}`],
  ['GET', (name) => `/v2/a/tags/list?last=${name}`],
  ['GET', (name) => `/v2/_catalog?last=${name}`],
]

for (const [kind, open] of SERVERS) {
  describe(kind, async () => {
    const server = await open()
    afterAll(server.close)
    // Something to escape to.
    await pushAtOnce(server.send, 'a', blob('real', 10))
    const before = (await allObjects(server.store)).map(({ key }) => key)

    for (const name of NAMES) {
      test(name, async () => {
        for (const [method, target] of REQUESTS) {
          const request = `${method} ${target(name)}`
          const answer = await server.send(request, method === 'GET' ? undefined : bytes)
          const { status } = answer
          // The entry that a listing starts after need not exist; nor need what is to be mounted.
          const expected = target(name).includes('last=') ? [200, 400, 404] : [400, 404, 405]
          if (target(name).includes('mount=')) expected.push(202)
          assert.ok(expected.includes(status), `${request}: ${status}`)
          if (status >= 400) assert.ok(codeOf(answer), request)
        }
        const after = (await allObjects(server.store)).map(({ key }) => key)
        assert.deepEqual(after, before)
      })
    }

    test('the name is in the message', async () => {
      for (const [sent, named] of [
        ['a/../b', 'a/%2e%2e/b'],
        ['a/%2E%2e', 'a/%2e%2e'],
        ['a\\b', 'a\\b'],
      ] as const) {
        const { body } = await server.send(`GET /v2/${sent}/tags/list`)
        const { code, message } = JSON.parse(body.toString()).errors[0]
        assert.equal(code, 'NAME_INVALID')
        assert.ok(message.startsWith(`invalid repository name ${JSON.stringify(named)}`), message)
      }
    })

    test('well-formed paths still work', async () => {
      await expectStatus(201, server.send(`POST /v2/b/blobs/uploads/?digest=${sha256}`, bytes))
    })
  })
}
