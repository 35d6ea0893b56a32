/**
 * Bad input: each is refused with its code and the offending value named, and afterwards the store
 * holds nothing readable that was not verified.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, describe, test } from 'vitest'
import type { WireCode } from '../../functions/api/errors.ts'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { STATE_LIFE } from '../../functions/registry/uploads/state.ts'
import { blob, CONFIG, contentOf, imageOf } from '../support/hosts/content.ts'
import type { Answer } from '../support/hosts/host.ts'
import { clientOf, codeOf, expectStatus, locationOf, type Send } from '../support/rig/client.ts'
import { checkNothingReadable, checkStore } from '../support/rig/invariants.ts'
import { begin, inChunks, pushAtOnce } from '../support/rig/push.ts'
import { STORES } from '../support/rig/stores.ts'

const SMALL = blob('small', 1000)
/** Each half of it has more than a part. */
const LARGE = blob('large', 11 * 1024 * 1024)
const OTHER = blob('other', 1)

/** What a refusal must contain. */
interface Refusal {
  readonly status: number
  readonly code: WireCode
  /** The offending value, in the message. */
  readonly names: string
}

interface Case extends Refusal {
  readonly description: string
  readonly send: (client: Send) => Promise<Answer>
}

const started = async (client: Send, query = ''): Promise<string> =>
  locationOf(await begin(client, 'bad', query))

/** Sends bytes as PATCHes of two halves. */
const patched = async (client: Send, bytes: Buffer, query = ''): Promise<string> => {
  let location = await started(client, query)
  const half = Math.ceil(bytes.byteLength / 2)
  for (const [start, end] of [
    [0, half],
    [half, bytes.byteLength],
  ] as const) {
    const headers = { 'Content-Range': `${start}-${end - 1}` }
    const answer = client(`PATCH ${location}`, bytes.subarray(start, end), headers)
    location = locationOf(await expectStatus(202, answer))
  }
  return location
}

const wrongDigest = (names: string): Refusal => ({ status: 400, code: 'DIGEST_INVALID', names })

const DIGESTS: readonly Case[] = [SMALL, LARGE].flatMap((content): Case[] => {
  const { bytes, sha256, sha512 } = content
  const size = `${bytes.byteLength} bytes`
  return [
    {
      description: `${size} in a POST are not their digest`,
      send: (client) => client(`POST /v2/bad/blobs/uploads/?digest=${OTHER.sha256}`, bytes),
      ...wrongDigest(sha256),
    },
    {
      description: `${size} in a PUT`,
      send: async (client) => client(`PUT ${await started(client)}&digest=${OTHER.sha256}`, bytes),
      ...wrongDigest(sha256),
    },
    {
      description: `${size} in a PUT of unknown length`,
      send: async (client) =>
        client(`PUT ${await started(client)}&digest=${OTHER.sha256}`, inChunks(bytes)),
      ...wrongDigest(sha256),
    },
    {
      description: `${size} in a PUT, by sha512`,
      send: async (client) => client(`PUT ${await started(client)}&digest=${OTHER.sha512}`, bytes),
      ...wrongDigest(sha512),
    },
    {
      description: `${size} in two PATCHes`,
      send: async (client) => client(`PUT ${await patched(client, bytes)}&digest=${OTHER.sha256}`),
      ...wrongDigest(sha256),
    },
    {
      description: `${size} in two PATCHes, by sha512, announced`,
      send: async (client) => {
        const location = await patched(client, bytes, '?digest-algorithm=sha512')
        return client(`PUT ${location}&digest=${OTHER.sha512}`)
      },
      ...wrongDigest(sha512),
    },
    {
      description: `${size} in two PATCHes, by sha512, unannounced`,
      send: async (client) => client(`PUT ${await patched(client, bytes)}&digest=${OTHER.sha512}`),
      ...wrongDigest(sha512),
    },
    {
      description: `${size} in two PATCHes and a PUT`,
      send: async (client) =>
        client(`PUT ${await patched(client, bytes)}&digest=${sha256}`, OTHER.bytes),
      ...wrongDigest(contentOf(Buffer.concat([bytes, OTHER.bytes])).sha256),
    },
  ]
})

const RANGES: readonly Case[] = [
  ['begins too late', '7-1006', 416, 'RANGE_INVALID', 'begins at 7'],
  ['ends before it begins', '5-4', 416, 'RANGE_INVALID', '5-4'],
  ['is not a range', 'bytes', 416, 'RANGE_INVALID', '\\"bytes\\"'],
  ['is too long for the body', '0-1000', 400, 'SIZE_INVALID', '1001'],
  ['is too short for the body', '0-998', 400, 'SIZE_INVALID', '999'],
].flatMap(([what, range, status, code, names]) =>
  ['PATCH', 'PUT'].map(
    (method): Case => ({
      description: `Content-Range of a ${method} ${what}`,
      status: status as number,
      code: code as WireCode,
      names: names as string,
      send: async (client) => {
        const query = method === 'PUT' ? `&digest=${SMALL.sha256}` : ''
        const headers = { 'Content-Range': range as string }
        return client(`${method} ${await started(client)}${query}`, SMALL.bytes, headers)
      },
    }),
  ),
)

const SIZES: readonly Case[] = ['PATCH', 'PUT'].map((method) => ({
  description: `${method} of a terabyte`,
  status: 413,
  code: 'SIZE_INVALID',
  names: '1000000000000',
  send: async (client) => {
    const query = method === 'PUT' ? `&digest=${SMALL.sha256}` : ''
    const headers = { 'Content-Length': String(10 ** 12) }
    return client(`${method} ${await started(client)}${query}`, SMALL.bytes, headers)
  },
}))

const flipped = (location: string): string => {
  const at = location.length - 10
  return `${location.slice(0, at)}${location[at] === 'A' ? 'B' : 'A'}${location.slice(at + 1)}`
}

const STATES: readonly Case[] = (
  [
    ['forged', flipped, 'not issued by this registry'],
    ['missing', (location: string) => location.replace(/\?.*/, ''), 'is missing'],
    ['cut', (location: string) => location.slice(0, -20), 'not issued by this registry'],
    [
      'of another repository',
      (location: string) => location.replace('/v2/bad/', '/v2/worse/'),
      'to another upload',
    ],
    [
      'to another upload',
      (location: string) => location.replace(/uploads\/\w{8}/, 'uploads/01234567'),
      'to another upload',
    ],
  ] as const
).flatMap(([what, change, names]) =>
  ['GET', 'PATCH', 'PUT', 'DELETE'].map(
    (method): Case => ({
      description: `${method} with a state that is ${what}`,
      status: 404,
      code: 'BLOB_UPLOAD_INVALID',
      names,
      send: async (client) => {
        const location = change(await started(client))
        const query = location.includes('?') ? '&' : '?'
        const body = ['PATCH', 'PUT'].includes(method) ? SMALL.bytes : undefined
        return client(`${method} ${location}${query}digest=${SMALL.sha256}`, body)
      },
    }),
  ),
)

const LONG = 'a/'.repeat(150).slice(0, 299).concat('a')

const NAMES: readonly Case[] = [
  ...['GET', 'HEAD', 'DELETE'].map((method): [string, string] => [method, `blobs/${SMALL.sha256}`]),
  ...['GET', 'HEAD', 'PUT', 'DELETE'].map((method): [string, string] => [method, 'manifests/v1']),
  ...['PATCH', 'PUT', 'GET', 'DELETE'].map((method): [string, string] => [
    method,
    `blobs/uploads/0b1f2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d?digest=${SMALL.sha256}`,
  ]),
  ['POST', `blobs/uploads/?digest=${SMALL.sha256}`] as [string, string],
  ['GET', 'tags/list'] as [string, string],
  ['GET', `referrers/${SMALL.sha256}`] as [string, string],
].map(
  ([method, path]): Case => ({
    description: `a name of 300 characters: ${method} ${path.slice(0, 20)}`,
    status: 400,
    code: 'NAME_INVALID',
    names: 'it has 300 characters, at most 255',
    send: (client) =>
      client(
        `${method} /v2/${LONG}/${path}`,
        ['GET', 'HEAD', 'DELETE'].includes(method) ? undefined : SMALL.bytes,
      ),
  }),
)

const MANIFESTS: readonly Case[] = [
  {
    description: 'a manifest of 5 MB',
    status: 413,
    code: 'SIZE_INVALID',
    names: '4194304',
    send: (client) => {
      const { bytes } = imageOf([], { annotations: { long: 'x'.repeat(5_000_000) } })
      return client('PUT /v2/bad/manifests/v1', bytes, { 'Content-Type': OCI_MANIFEST })
    },
  },
  {
    description: 'a manifest of 5 MB in chunks',
    status: 413,
    code: 'SIZE_INVALID',
    names: '4194304',
    send: (client) => {
      const { bytes } = imageOf([], { annotations: { long: 'x'.repeat(5_000_000) } })
      return client('PUT /v2/bad/manifests/v1', inChunks(bytes), { 'Content-Type': OCI_MANIFEST })
    },
  },
  {
    description: 'a manifest that is not its digest',
    status: 400,
    code: 'DIGEST_INVALID',
    names: OTHER.sha256,
    send: (client) =>
      client(`PUT /v2/bad/manifests/${OTHER.sha256}`, imageOf().bytes, {
        'Content-Type': OCI_MANIFEST,
      }),
  },
  {
    description: 'a manifest whose content is not there',
    status: 400,
    code: 'MANIFEST_BLOB_UNKNOWN',
    names: CONFIG.sha256,
    send: (client) =>
      client('PUT /v2/bad/manifests/v1', imageOf().bytes, { 'Content-Type': OCI_MANIFEST }),
  },
  {
    description: 'a manifest that is no JSON',
    status: 400,
    code: 'MANIFEST_INVALID',
    names: 'not JSON',
    send: (client) =>
      client('PUT /v2/bad/manifests/v1', Buffer.from('{'), { 'Content-Type': OCI_MANIFEST }),
  },
]

const refuse = async (client: Send, { send, status, code, names, description }: Case) => {
  const answer = await send(client)
  assert.equal(answer.status, status, answer.body.toString())
  if (description.includes('HEAD')) return
  assert.equal(codeOf(answer), code)
  assert.ok(answer.body.toString().includes(names), answer.body.toString())
}

for (const [name, open] of STORES) {
  describe(name, async () => {
    const { store, close } = await open()
    afterAll(close)
    const client = await clientOf(store)
    for (const each of [...DIGESTS, ...RANGES, ...SIZES, ...STATES, ...NAMES, ...MANIFESTS]) {
      test(each.description, async () => {
        await refuse(client, each)
        await checkNothingReadable(store)
      })
    }

    test('a blob whose digest did not match is not readable under either digest', async () => {
      for (const { sha256, bytes } of [SMALL, LARGE]) {
        await client(`POST /v2/bad/blobs/uploads/?digest=${OTHER.sha256}`, bytes)
        for (const digest of [sha256, OTHER.sha256]) {
          await expectStatus(404, client(`GET /v2/bad/blobs/${digest}`))
          await expectStatus(202, client(`POST /v2/bad/blobs/uploads/?mount=${digest}`))
        }
      }
    })

    test('a state that has expired, at each request that takes one', async () => {
      let time = Date.now()
      const aging = await clientOf(store, { now: () => time })
      const begun = await started(aging)
      const location = locationOf(await expectStatus(202, aging(`PATCH ${begun}`, SMALL.bytes)))
      time += STATE_LIFE * 1000 - 1000
      await expectStatus(204, aging(`GET ${location}`))
      time += 2000
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const body = method === 'PATCH' ? SMALL.bytes : undefined
        const answer = await aging(`${method} ${location}&digest=${SMALL.sha256}`, body)
        assert.equal(answer.status, 404)
        assert.equal(codeOf(answer), 'BLOB_UPLOAD_INVALID')
        assert.match(answer.body.toString(), /has expired/)
      }
      await checkNothingReadable(store)
    })

    test('after all of this a push succeeds', async () => {
      await pushAtOnce(client, 'good', LARGE)
      const { links } = await checkStore(store)
      assert.deepEqual(links, [`good/_layers/${LARGE.sha256.replace(':', '/')}`])
    })
  })
}
