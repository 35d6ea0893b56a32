/**
 * What pulls cost.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { createPullRecorder } from '../../functions/registry/pulls/recorder.ts'
import { CONFIG } from '../support/hosts/content.ts'
import { expectStatus, type Send } from '../support/rig/client.ts'
import { pushImage } from '../support/rig/push.ts'
import { type Budget, meter } from './measure.ts'

const { open, store, costs } = await meter()

const image = await pushImage(await open(), 'app', 'v1', [])

const ONE: Budget = { calls: { GetObject: 1 }, steps: 1 }
/** Link and data at once. */
const BOTH: Budget = { calls: { GetObject: 1, HeadObject: 1 }, steps: 1 }
const NOTHING: Budget = { calls: {} }

test('manifests cost the same where pulls are recorded', async () => {
  const { pulled, write } = createPullRecorder()
  const send = await open({ pulled })
  const byTag: Budget = { calls: { GetObject: 2 }, steps: 2 }
  await costs(byTag, () => expectStatus(200, send('GET /v2/app/manifests/v1')))
  await costs({ calls: { GetObject: 1, HeadObject: 1, PutObject: 2 } }, () => write(store))
  await costs(ONE, async () => {
    await expectStatus(200, send('GET /v2/app/manifests/v1'))
    await write(store)
  })
})

describe('blobs', () => {
  const blob = `/v2/app/blobs/${CONFIG.sha256}`
  const redirects = { redirects: true, redirectHeads: true }

  const table = [
    ['HEAD, answered directly', {}, `HEAD ${blob}`, {}, 200, BOTH],
    ['HEAD, redirected', redirects, `HEAD ${blob}`, {}, 307, BOTH],
    ['GET, redirected', redirects, `GET ${blob}`, {}, 307, ONE],
    ['GET, answered directly', {}, `GET ${blob}`, {}, 200, { calls: { GetObject: 2 }, steps: 1 }],
    [
      'GET of a range',
      {},
      `GET ${blob}`,
      { Range: 'bytes=1-3' },
      206,
      { calls: { GetObject: 2 }, steps: 1 },
    ],
    [
      'GET of a blob the client has',
      {},
      `GET ${blob}`,
      { 'If-None-Match': `"${CONFIG.sha256}"` },
      304,
      BOTH,
    ],
    ['HEAD of an unknown blob', {}, `HEAD ${blob.replace('app', 'none')}`, {}, 404, BOTH],
  ] as const
  for (const [description, options, request, headers, status, budget] of table) {
    test(description, async () => {
      const send = await open(options)
      await costs(budget, () => expectStatus(status, send(request, undefined, headers)))
    })
  }

  test('again within seconds: link and data are remembered', async () => {
    const send = await open()
    await expectStatus(200, send(`HEAD ${blob}`))
    await costs(NOTHING, () => expectStatus(200, send(`HEAD ${blob}`)))
    const direct: Budget = { calls: { GetObject: 1 } }
    await costs(direct, () => expectStatus(200, send(`GET ${blob}`)))
    const redirecting = await open(redirects)
    await expectStatus(307, redirecting(`GET ${blob}`))
    await costs(NOTHING, () => expectStatus(307, redirecting(`GET ${blob}`)))
  })
})

describe('manifests', () => {
  const byTag = '/v2/app/manifests/v1'
  const byDigest = `/v2/app/manifests/${image.sha256}`
  const fetched = async (send: Send, request: string): Promise<void> => {
    const { body, headers } = await expectStatus(200, send(request))
    if (request.startsWith('GET')) assert.deepEqual(body, image.bytes)
    assert.equal(headers.get('Content-Length'), String(image.bytes.byteLength))
  }

  for (const method of ['GET', 'HEAD']) {
    test(`${method} by tag: tag, then data`, async () => {
      const send = await open()
      await costs({ calls: { GetObject: 2 }, steps: 2 }, () => fetched(send, `${method} ${byTag}`))
    })

    test(`${method} by digest: link and data at once`, async () => {
      const send = await open()
      const work = () => fetched(send, `${method} ${byDigest}`)
      await costs({ calls: { GetObject: 2 }, steps: 1 }, work)
    })

    test(`${method} with the data in memory: the tag or the link alone`, async () => {
      const send = await open()
      await fetched(send, `${method} ${byTag}`)
      await costs(ONE, () => fetched(send, `${method} ${byTag}`))
      await costs(ONE, () => fetched(send, `${method} ${byDigest}`))
      await costs(NOTHING, () => fetched(send, `${method} ${byDigest}`))
    })

    test(`${method} by tag of what the client has: the tag alone`, async () => {
      const send = await open()
      const headers = { 'If-None-Match': `"${image.sha256}"` }
      await costs(ONE, () => expectStatus(304, send(`${method} ${byTag}`, undefined, headers)))
    })
  }

  test('one tag for forty at once: two reads, and one for all who came meanwhile', async () => {
    const send = await open()
    await fetched(send, `GET ${byTag}`)
    const all = () =>
      Promise.all(Array.from({ length: 40 }, () => fetched(send, `GET ${byTag}`))).then(() => {})
    await costs({ calls: { GetObject: 3 }, steps: 2 }, all)
  })

  test('an unknown tag', async () => {
    const send = await open()
    await costs(ONE, () => expectStatus(404, send('GET /v2/app/manifests/none')))
  })
})

test('the base endpoint, and what is malformed, cost nothing', async () => {
  const send = await open()
  await costs(NOTHING, async () => {
    await expectStatus(200, send('GET /v2/'))
    await expectStatus(400, send('GET /v2/app/blobs/sha256:short'))
    await expectStatus(400, send('GET /v2/APP/manifests/v1'))
  })
})
