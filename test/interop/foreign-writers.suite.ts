/**
 * A clean-up of a bucket of SeaweedFS, to which distribution (Debian's `docker-registry` 2.8.2) pushes as well, by
 * digest alone: it leaves nothing that only it writes, and a run stops all the same, since its links have no metadata.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { collect } from '../../functions/registry/clean-up/collect.ts'
import { raiseFence } from '../../functions/registry/clean-up/fence.ts'
import { TIMES } from '../../functions/registry/clean-up/terms.ts'
import { REPOSITORIES_PREFIX } from '../../functions/registry/layout.ts'
import { createS3Store } from '../../functions/storage/s3/store.ts'
import { blob, CONFIG, imageOf } from '../support/hosts/content.ts'
import { createAgent, sendOver } from '../support/hosts/wire.ts'
import { startRegistry } from '../support/live/registry.ts'
import { startLiveS3 } from '../support/live/s3.ts'
import { clientOf, requestLine, type Send } from '../support/rig/client.ts'
import { allObjects } from '../support/rig/invariants.ts'
import { pushAsContainerd, pushImage, pushManifest } from '../support/rig/push.ts'

const DIGEST_ONLY = /^team\/other\/_(layers|manifests\/revisions)\/sha256\/[0-9a-f]{64}\/link$/

/** Pushes an image without a tag. */
const pushOnly = async (send: Send) => {
  const layer = blob('by distribution', 100)
  for (const each of [CONFIG, layer]) await pushAsContainerd(send, 'team/other', each)
  const image = imageOf([layer])
  await pushManifest(send, 'team/other', image.sha256, image)
  return image
}

test('a run stops where distribution has pushed by digest within the grace', async (t) => {
  const s3 = await startLiveS3('seaweedfs')
  t.onTestFinished(s3.close)
  const { accessKeyId, secretAccessKey, ...bucket } = s3
  const credentials = { accessKeyId, secretAccessKey }
  const store = createS3Store({ ...bucket, credentials, prefix: '', forcePathStyle: true })
  await raiseFence(store)
  const run = (grace: number, force = false) =>
    collect(store, {
      times: { ...TIMES, grace, fence: -60_000 },
      run: true,
      force,
      report: () => {},
      note: () => {},
      progress: () => {},
      isOver: () => false,
      monotonic: () => performance.now(),
    })
  await pushImage(await clientOf(store), 'team/app', 'v1', [blob('by Slipway', 100)])
  expect((await run(TIMES.grace)).outcome).toBe('done')

  const distribution = await startRegistry('distribution', s3)
  t.onTestFinished(distribution.close)
  const agent = createAgent()
  const send: Send = (request, body, headers) =>
    sendOver(agent, `http://${distribution.address}`, { ...requestLine(request), body, headers })
  const relative: Send = async (request, body, headers) => {
    const answer = await send(request, body, headers)
    const location = answer.headers.get('location')
    // It names itself in full.
    if (location !== null) {
      const { pathname, search } = new URL(location, 'http://host')
      answer.headers.set('location', pathname + search)
    }
    return answer
  }
  const image = await pushOnly(relative)
  agent.destroy()
  const keys = (await allObjects(store, REPOSITORIES_PREFIX)).map(({ key }) =>
    key.slice(REPOSITORIES_PREFIX.length),
  )
  const its = keys.filter((key) => key.startsWith('team/other/'))
  for (const key of its) expect(key).toMatch(DIGEST_ONLY)
  expect(its.some((key) => key.includes(image.sha256.slice(7)))).toBe(true)

  const stopped = await run(TIMES.grace)
  expect(stopped).toMatchObject({
    outcome: 'refused',
    foreign: true,
    why: expect.stringMatching(/repositories\/team\/other\/_/),
  })
  expect((await run(TIMES.grace, true)).outcome).toBe('done')
})
