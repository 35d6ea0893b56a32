/**
 * A registry with an admin API, whose responses are all compared with the description of the API.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { patternOf } from '../../../functions/api/admin/operation.ts'
import { OPERATIONS } from '../../../functions/api/admin/operations.ts'
import { errorsOf } from '../../../packaging/describe-api.ts'
import {
  type AccessRig,
  basic,
  jsonOf,
  type More,
  openRig,
  type RigOptions,
} from '../../access/rig.ts'
import type { Answer } from '../../support/hosts/host.ts'

/** Administers all. */
export const ROOT = basic('root', 'secret')
/** Administers what is below `team/`. */
export const LEAD = basic('lead', 'secret')
/** May push and pull everything. */
export const DEV = basic('dev', 'secret')

/** Rules of the policy. */
export const RULES = [
  { who: ['user:root'], repositories: ['**'], actions: ['*', 'admin'] },
  { who: ['user:lead'], repositories: ['team/**'], actions: ['admin'] },
  { who: ['authenticated', 'anonymous'], repositories: ['**'], actions: ['*'] },
]

const PATTERNS = OPERATIONS.map((operation) => ({ operation, pattern: patternOf(operation) }))

/** Compares a response with what the description says of it. */
const check = (method: string, path: string, { status, headers, body }: Answer): void => {
  const found = PATTERNS.filter(({ pattern }) => pattern.test(path))
  const called = found.find(({ operation }) => operation.method === method.replace('HEAD', 'GET'))
  if (called === undefined) {
    assert.ok([404, 405].includes(status), `${method} ${path}: ${status}`)
    return
  }
  const { operation } = called
  const success = operation.responses[status]
  if (success === undefined) {
    assert.ok(errorsOf(operation).includes(status), `${operation.id}: ${status} ${body}`)
    const [error] = method === 'HEAD' ? [{ code: '' }] : jsonOf({ status, headers, body }).errors
    assert.equal(typeof error.code, 'string')
    return
  }
  for (const name of Object.keys(success.headers ?? {})) {
    assert.ok(headers.get(name) !== null || name === 'Link', `${operation.id}: no ${name}`)
  }
  if (success.content === undefined || method === 'HEAD') {
    assert.equal(body.length, 0)
    return
  }
  const type = headers.get('Content-Type')?.replace(/;.*/, '') ?? ''
  const schema = success.content[type]
  assert.ok(schema !== undefined, `${operation.id}: ${type}`)
  const value = type === 'application/json' ? JSON.parse(body.toString()) : body.toString()
  assert.deepEqual(schema.safeParse(value).error, undefined, `${operation.id}: ${body}`)
}

/** A registry with an admin API. */
export const openOffice = async (
  t: Parameters<typeof openRig>[0],
  more: Partial<RigOptions> = {},
): Promise<AccessRig> => {
  const users = { root: 'secret', lead: 'secret', dev: 'secret' }
  const rig = await openRig(t, { admin: true, users, policy: RULES, ...more })
  return {
    ...rig,
    send: async (request: string, sent?: More) => {
      const answer = await rig.send(request, sent)
      const [method = '', target = ''] = request.split(' ')
      const path = decodeURI(target.replace(/\?.*/, ''))
      if (path.startsWith('/api/v1/')) check(method, path, answer)
      return answer
    },
  }
}

/** A body of JSON, sent by root. */
export const json = (value: unknown, as = ROOT): More => ({
  as,
  body: Buffer.from(JSON.stringify(value)),
  headers: { 'Content-Type': 'application/json' },
})
