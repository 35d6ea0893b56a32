/**
 * Which requests are pulls, of what and by whom; and what a server and a function make of them.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import type { RequestLogger } from '../../functions/api/env.ts'
import { loggedPulls, serverPulls } from '../../functions/compose/pulls.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { createPullReader } from '../../functions/registry/pulls/read.ts'
import { blob, CONFIG, contentOf, imageOf } from '../support/hosts/content.ts'
import { clientOf } from '../support/rig/client.ts'
import { pushAtOnce, pushManifest } from '../support/rig/push.ts'
import { openFiles } from '../support/rig/stores.ts'

const IMAGE = imageOf([])
const LAYER = blob('layer', 100)
const UNKNOWN = contentOf('unknown')

describe('a pull is', async () => {
  const { store } = await openFiles()
  const pulled: string[] = []
  const send = await clientOf(store, {
    pulled: (...pull) => void pulled.push(pull.join(' ')),
  })
  await pushAtOnce(send, 'team/app', CONFIG)
  await pushAtOnce(send, 'team/app', LAYER)
  await pushManifest(send, 'team/app', 'v1', IMAGE)
  const one = [`team/app ${IMAGE.sha256} anonymous`]
  const current = { 'If-None-Match': `"${IMAGE.sha256}"` }
  for (const [request, headers, status, expected] of [
    ['GET /v2/team/app/manifests/v1', {}, 200, one],
    [`GET /v2/team/app/manifests/${IMAGE.sha256}`, {}, 200, one],
    ['HEAD /v2/team/app/manifests/v1', {}, 200, one],
    ['GET /v2/team/app/manifests/v1', current, 304, one],
    [`GET /v2/team/app/manifests/${IMAGE.sha256}`, current, 304, one],
    ['GET /v2/team/app/manifests/v1?look=true', {}, 200, []],
    ['GET /v2/team/app/manifests/v2', {}, 404, []],
    [`GET /v2/team/app/manifests/${UNKNOWN.sha256}`, {}, 404, []],
    [`GET /v2/team/other/manifests/${IMAGE.sha256}`, {}, 404, []],
    [`GET /v2/team/app/manifests/${LAYER.sha256}`, {}, 404, []],
    [`GET /v2/team/app/blobs/${LAYER.sha256}`, {}, 200, []],
    [`GET /v2/team/app/referrers/${IMAGE.sha256}`, {}, 200, []],
    ['GET /v2/team/app/tags/list', {}, 200, []],
    ['GET /v2/', {}, 200, []],
  ] as const) {
    test(`${expected.length > 0 ? 'a' : 'no'} ${request.slice(0, 45)}, ${status}`, async () => {
      pulled.length = 0
      expect((await send(request, undefined, headers)).status).toBe(status)
      expect(pulled).toEqual(expected)
    })
  }

  test('no push, and no delete', async () => {
    pulled.length = 0
    await pushManifest(send, 'team/app', 'v1', IMAGE)
    await send('DELETE /v2/team/app/manifests/v1')
    expect(pulled).toEqual([])
  })
})

const settings = (...args: string[]) => readSettings(args, {})

describe('callers are left out', () => {
  for (const [except, who, recorded] of [
    ['', 'user:scanner', true],
    ['user:scanner', 'user:scanner', false],
    ['user:scanner', 'user:scanner2', true],
    ['user:scanner', 'robot:scanner', true],
    ['user:scanner,robot:ci-*', 'robot:ci-1', false],
    ['anonymous', 'anonymous', false],
    ['token:repo:team/*', 'token:repo:team/app:ref:x', false],
    ['certificate:CN=trivy*', 'certificate:CN=trivy,O=team', false],
  ] as const) {
    test(`${who} with --pulls-except ${except}`, async (t) => {
      const { store, close } = await openFiles()
      t.onTestFinished(close)
      const pulls = serverPulls(settings('--pulls=on', `--pulls-except=${except}`))
      pulls?.pulled('app', IMAGE.sha256, who)
      await pulls?.recorder.write(store)
      const { last } = await createPullReader(store, Date.now())('app')
      expect([...last.keys()]).toEqual(recorded ? [IMAGE.sha256] : [])
    })
  }

  for (const [args, why] of [
    [['--pulls=on', '--pulls-except=scanner'], /"scanner" names no caller: expected user:<name>/],
    [['--pulls-except=user:scanner'], /--pulls-except is for --pulls on/],
    [['--pulls=yes'], /--pulls is "yes"/],
  ] as const) {
    test(`${args.join(' ')} is refused`, () => expect(() => settings(...args)).toThrow(why))
  }
})

test('by default there is no record', () => expect(serverPulls(settings())).toBeUndefined())

test('a function logs a pull at most once an hour', () => {
  const lines: object[] = []
  let now = 0
  const logger = { info: (fields: object) => void lines.push(fields) } as unknown as RequestLogger
  const pulled = loggedPulls(['user:scanner'], logger, () => now)
  for (let minute = 0; minute < 130; minute++) {
    now = minute * 60_000
    pulled('app', IMAGE.sha256, 'user:alice')
    pulled('app', IMAGE.sha256, 'user:scanner')
  }
  expect(lines).toEqual(Array(3).fill({ pulled: { repository: 'app', digest: IMAGE.sha256 } }))
})
