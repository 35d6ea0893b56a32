/**
 * Routes in another spelling are nobody's: they would be the same to the registry, and not to throttles, rules
 * and behaviours in front of it.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { CONFIG, imageOf, putBlob, putManifest } from '../support/hosts/content.ts'
import { onEveryHost } from '../support/hosts/every.ts'
import { exchange } from '../support/hosts/exchange.ts'

/** Routes, and how else they may be spelled. */
const ROUTES: readonly (readonly [plain: string, spelled: string])[] = [
  ['GET /v2/', 'GET /%762/'],
  ['GET /v2/_catalog', 'GET /v2/%5Fcatalog'],
  ['GET /v2/_catalog', 'GET /v2/_%63atalog'],
  ['GET /v2/spelled/tags/list', 'GET /v2/spelled/%74ags/list'],
  ['GET /v2/spelled/tags/list', 'GET /v2/spelled/tags/lis%74'],
  ['GET /v2/spelled/manifests/v1', 'GET /v2/spelled/%6Danifests/v1'],
  ['HEAD /v2/spelled/manifests/v1', 'HEAD /v2/spelled/manifest%73/v1'],
  [`GET /v2/spelled/blobs/${CONFIG.sha256}`, `GET /v2/spelled/%62lobs/${CONFIG.sha256}`],
  [`GET /v2/spelled/referrers/${CONFIG.sha256}`, `GET /v2/spelled/referrer%73/${CONFIG.sha256}`],
  ['POST /v2/spelled/blobs/uploads/', 'POST /v2/spelled/blobs/%75ploads/'],
  ['POST /v2/spelled/blobs/uploads/', 'POST /%762/spelled/blobs/uploads/'],
  ['POST /v2/spelled/blobs/uploads/', 'POST /v2/spelled/%62lobs/uploads/'],
]

onEveryHost((host) => {
  const ask = (request: string) => {
    const [method = '', target = ''] = request.split(' ')
    return host.send({ method, target })
  }

  test('an image, to be found', async () => {
    for (const step of [putBlob('spelled', CONFIG), putManifest('spelled', 'v1', imageOf())]) {
      await exchange(host, step)
    }
  })

  test.each(ROUTES)('%s, not %s', async (plain, spelled) => {
    expect((await ask(plain)).status).not.toBe(404)
    const { status } = await ask(spelled)
    // A gateway that decodes the path has made one of the other.
    const decodes = host.gateway !== false && host.gateway.decodesPath
    const expected = decodes ? (await ask(plain)).status : 404
    expect(status).toBe(expected)
  })
})
