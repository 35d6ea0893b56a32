/**
 * The function that copies blobs, killed in the middle: nothing wrong is left, and the next call copies it.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createHandler } from '../../functions/handlers/fill.ts'
import { dataKey, FETCHING_PREFIX } from '../../functions/registry/layout.ts'
import { readAll } from '../../functions/storage/bytes.ts'
import { createHandedClaims } from '../../functions/upstreams/blobs/claim.ts'
import { startBucket } from '../support/hosts/start.ts'
import { projectRoot } from '../support/live/process.ts'
import { findingsIn, setUpstream } from './killable.ts'
import { serve, sha256 } from './upstream.ts'

const BLOB = randomBytes(40_000_000)
const DIGEST = sha256(BLOB)
const ARN = 'arn:aws:lambda:eu-central-1:123456789012:function:fill'

const CALL = `
import { handler } from './functions/handlers/fill.ts'
await handler(JSON.parse(process.env.EVENT), {
  invokedFunctionArn: '${ARN}',
  getRemainingTimeInMillis: () => 900_000,
})
`

test('what is left of a copy is nothing', async () => {
  const half = Promise.withResolvers<void>()
  let halves = 0
  const upstream = await serve((request, response) => {
    if (request.url === '/v2/') return void response.end('{}')
    response.writeHead(200, { 'content-length': BLOB.length })
    halves += 1
    if (halves > 1) return void response.end(BLOB)
    // It stands still then.
    response.write(BLOB.subarray(0, 30_000_000), () => half.resolve())
  })
  const { server, env } = await startBucket()
  onTestFinished(() => server.close())
  const store = await openStore(readSettings([], env), env)
  await setUpstream(store, upstream.origin)
  const wanted = { digest: DIGEST, origin: upstream.origin }
  const event = (claim: string) => ({ name: 'up/app', digest: DIGEST, claim })
  const first = (await createHandedClaims(store).offer(wanted))!
  const child = spawn(process.execPath, ['--input-type=module', '--eval', CALL], {
    cwd: projectRoot,
    env: { ...process.env, ...env, EVENT: JSON.stringify(event(first)) },
    stdio: 'inherit',
  })
  await half.promise
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await store.head(dataKey(DIGEST))).toBeUndefined()
  expect((await store.list('docker/')).objects).toEqual([])
  // Nobody waits for the dead one: its claim is old by then.
  expect(await createHandedClaims(store).offer(wanted)).toBeUndefined()
  const second = await createHandedClaims(store, () => Date.now() + 60_000).offer(wanted)
  const context = { invokedFunctionArn: ARN, getRemainingTimeInMillis: () => 900_000 }
  await createHandler(env)(event(second!), context)
  const { body } = (await store.get(dataKey(DIGEST)))!
  expect((await readAll(body, BLOB.length)).equals(BLOB)).toBe(true)
  expect((await store.list(FETCHING_PREFIX)).objects).toEqual([])
  expect(await findingsIn(store)).toEqual([])
})
