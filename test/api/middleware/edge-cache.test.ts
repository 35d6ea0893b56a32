/**
 * Which answers an edge may keep, by the request alone: whatever the edge has let through.
 *
 * @module
 */

import { Hono } from 'hono'
import { expect, test } from 'vitest'
import type { AppEnv, Edge } from '../../../functions/api/env.ts'
import { isForAll } from '../../../functions/api/middleware/edge-cache.ts'

const EDGE = { tagAge: 60 } as Edge
const MARK = { 'X-Slipway-Public': '1' }

const app = new Hono<AppEnv>().all('*', (c) => {
  c.set('throughEdge', true)
  return c.json(isForAll(c, EDGE))
})

test.each<[boolean, string, Record<string, string>]>([
  [true, '/v2/app/manifests/v1', MARK],
  [true, '/v2/app/manifests/v1?x=1', MARK],
  [false, '/v2/app/manifests/v1', {}],
  [false, '/v2/app/manifests/v1', { ...MARK, Authorization: 'Bearer x' }],
  [false, '/v2/app/manifests/v1', { ...MARK, 'OCI-Namespace': 'other.example' }],
  [false, '/v2/app/manifests/v1?ns=other.example', MARK],
  [false, '/v2/app/manifests/v1?%6es=other.example', MARK],
  [false, '/v2/app/manifests/v1?ns=', MARK],
])('%s: %s %j', async (expected, path, headers) => {
  expect(await (await app.request(path, { headers })).json()).toBe(expected)
})
