/**
 * Random requests of the first API, in any order: each is answered as the API has it, and whatever a tag leads to afterwards
 * is whole, by either API.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { test } from 'vitest'
import { openFirstApi } from '../../functions/compose/v1.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { clientOfApp, plainApp, type Send } from '../support/rig/client.ts'
import { checkStore } from '../support/rig/invariants.ts'
import { openFiles } from '../support/rig/stores.ts'
import { beginPull, beginPush, idOf, oldImage } from '../v1/images.ts'

const SECRET = Buffer.alloc(32, 7)
const NAMES = ['team/one', 'team/two'] as const
const TAGS = ['v1', 'latest'] as const

const STATUSES: ReadonlySet<number> = new Set([
  ...[200, 201, 204, 206, 400, 401, 403, 404, 405, 409, 412, 413, 416],
])

/** Images that build on each other; `b` twice, with one id. */
const IMAGES = [
  oldImage('a'),
  oldImage('b', 'a'),
  oldImage('b', 'a', { comment: 'another' }),
  oldImage('c', 'b'),
  oldImage('d', 'e'),
  oldImage('e', 'd'),
]

const wild = fc.oneof(
  fc.string({ maxLength: 20 }).map(encodeURIComponent),
  fc.constantFrom('', '.', '..', '%', '%2f', '!', idOf('f'), 'x'.repeat(300)),
)
const id = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...IMAGES).map((each) => each.id) },
  { weight: 1, arbitrary: wild },
)
const name = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<string>(...NAMES) },
  { weight: 1, arbitrary: wild },
)
const tag = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom<string>(...TAGS) },
  { weight: 1, arbitrary: wild },
)
const bytes = fc.oneof(
  fc.constantFrom(
    ...IMAGES.flatMap(({ json, layer }) => [Buffer.from(json), layer]),
    ...['', '[]', '{}', 'null', '"x"', JSON.stringify(idOf('a'))].map((text) => Buffer.from(text)),
  ),
  fc.uint8Array({ maxLength: 700 }).map((each) => Buffer.from(each)),
)

interface Asked {
  readonly request: string
  readonly body?: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

const put = (path: string, body: Buffer, headers = {}): Asked => ({
  request: `PUT /v1/${path}`,
  body,
  headers,
})

/** Steps of pushes, in no order. */
const step: fc.Arbitrary<Asked> = fc.oneof(
  fc.constantFrom(...IMAGES).chain((image) =>
    fc.constantFrom(
      put(`images/${image.id}/json`, Buffer.from(image.json)),
      put(`images/${image.id}/layer`, image.layer),
      put(`images/${image.id}/checksum`, Buffer.alloc(0), {
        'X-Docker-Checksum-Payload': image.payload,
      }),
    ),
  ),
  fc
    .tuple(fc.constantFrom(...NAMES), fc.constantFrom(...TAGS), fc.constantFrom(...IMAGES))
    .map(([where, what, image]) =>
      put(`repositories/${where}/tags/${what}`, Buffer.from(JSON.stringify(image.id))),
    ),
)

/** Requests of all kinds. */
const strange: fc.Arbitrary<Asked> = fc
  .tuple(
    fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE'),
    fc.oneof(
      fc
        .tuple(id, fc.constantFrom('json', 'layer', 'checksum', 'ancestry', 'files', 'diff'))
        .map(([each, what]) => `images/${each}/${what}`),
      fc
        .tuple(name, fc.constantFrom('', '/', '/images', '/tags', '/auth', '/json', '/properties'))
        .map((both) => `repositories/${both.join('')}`),
      fc.tuple(name, tag).map(([where, what]) => `repositories/${where}/tags/${what}`),
      fc.constantFrom('users', 'users/', 'users/x/', '_ping', 'search?q=x'),
      wild,
    ),
    bytes,
    fc.dictionary(
      fc.constantFrom(
        ...['X-Docker-Checksum', 'X-Docker-Checksum-Payload', 'X-Docker-Sign', 'Range', 'Cookie'],
      ),
      fc.oneof(
        fc.constantFrom('tarsum+sha256:0', 'sha256:0', 'bytes=1-', 'slipway-v1=x'),
        fc.string({ minLength: 1, maxLength: 20 }).map(encodeURIComponent),
      ),
      { maxKeys: 2 },
    ),
  )
  .map(([method, path, body, headers]) => ({
    request: `${method} /v1/${path}`,
    ...(['GET', 'HEAD'].includes(method) ? {} : { body }),
    headers,
  }))

const sha256 = (body: Uint8Array): string =>
  `sha256:${createHash('sha256').update(body).digest('hex')}`

/** All that the tags of a repository lead to, by either API. */
const checkTags = async (send: Send, where: string): Promise<void> => {
  const listed = await send(`GET /v1/repositories/${where}/tags`)
  if (listed.status === 404) return
  assert.equal(listed.status, 200)
  const token = await beginPull(send, where)
  const get = async (path: string) => {
    const { status, body } = await send(`GET /v1/images/${path}`, undefined, token)
    assert.equal(status, 200, `${path}: ${body}`)
    return body
  }
  for (const [what, top] of Object.entries(JSON.parse(listed.body.toString()))) {
    const manifest = await send(`GET /v2/${where}/manifests/${what}`)
    assert.equal(manifest.status, 200)
    const { layers } = JSON.parse(manifest.body.toString()) as { layers: { digest: string }[] }
    const ids = JSON.parse((await get(`${top}/ancestry`)).toString()) as string[]
    assert.equal(ids.length, layers.length)
    for (const [depth, each] of ids.entries()) {
      const json = JSON.parse((await get(`${each}/json`)).toString())
      assert.equal(json.id, each)
      assert.equal(json.parent, ids[depth + 1])
      assert.equal(sha256(await get(`${each}/layer`)), layers.at(-1 - depth)?.digest)
    }
  }
}

test('random pushes by the first API', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.oneof({ weight: 4, arbitrary: step }, { weight: 1, arbitrary: strange }),
          fc.constantFrom(...NAMES),
          fc.boolean(),
        ),
        { minLength: 5, maxLength: 40 },
      ),
      async (asked) => {
        const { store, close } = await openFiles()
        try {
          const secret = async () => SECRET
          const registry = createRegistry({ store, uploadSecret: secret })
          const v1 = openFirstApi({ store, registry, secret, readOnly: false, now: Date.now })
          const send = clientOfApp(plainApp(registry, { v1 }))
          const tokens = Object.fromEntries(
            await Promise.all(NAMES.map(async (each) => [each, await beginPush(send, each)])),
          )
          // Some at once, as several clients do.
          let together: Promise<void>[] = []
          for (const [{ request, body, headers }, where, waits] of asked) {
            const check = async (): Promise<void> => {
              const answer = await send(request, body, { ...headers, ...tokens[where] })
              const said = answer.body.toString()
              assert.ok(STATUSES.has(answer.status), `${request}: ${answer.status} ${said}`)
              if (answer.status >= 400 && said !== '') assert.ok(JSON.parse(said), said)
            }
            together.push(check())
            if (waits) {
              await Promise.all(together)
              together = []
            }
          }
          await Promise.all(together)
          await checkStore(store)
          for (const each of NAMES) await checkTags(send, each)
        } finally {
          await close()
        }
      },
    ),
    { numRuns: 150 },
  ))
