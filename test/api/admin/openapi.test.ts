/**
 * The description of the admin API: served, published, and the same as the table of operations.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { OPERATIONS } from '../../../functions/api/admin/operations.ts'
import { openApi } from '../../../packaging/describe-api.ts'
import { jsonOf } from '../../access/rig.ts'
import { openOffice } from './office.ts'

test('it is served to everyone, and published as it is', async (t) => {
  const { send } = await openOffice(t)
  const answer = await send('GET /api/v1/openapi.json')
  expect(answer.status).toBe(200)
  const published = await readFile(new URL('../../../docs/openapi.json', import.meta.url), 'utf8')
  expect(jsonOf(answer), 'run node packaging/openapi.ts and npm run format').toEqual(
    JSON.parse(published),
  )
})

test('each operation is in it once, with every parameter of its path', () => {
  const document = JSON.parse(JSON.stringify(openApi()))
  const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.sort()).toEqual(OPERATIONS.map(({ method, path }) => `${method} ${path}`).sort())
  const ids = OPERATIONS.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { path, parameters = {} } of OPERATIONS) {
    const inPath = Object.entries(parameters).filter(([, each]) => each.in === 'path')
    expect(inPath.map(([name]) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? [])
  }
})

test('other methods and paths are refused', async (t) => {
  const { send } = await openOffice(t)
  const other = await send('DELETE /api/v1/documents/policy')
  expect([other.status, other.headers.get('Allow')]).toEqual([405, 'GET, HEAD, PUT'])
  expect((await send('GET /api/v1/nothing')).status).toBe(404)
  expect((await send('GET /api/v1/%64ocuments/policy')).status).toBe(404)
})
