/**
 * How many source files one has to read to follow a pull with a token that this registry issued.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import type { PullFiles } from './pull-files.ts'

const PROGRAM = fileURLToPath(new URL('pull-files.ts', import.meta.url))

let files: PullFiles

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM])
  files = JSON.parse(stdout)
})

const ofAll = ({ token, manifest, blob }: PullFiles): string[] => [...token, ...manifest, ...blob]
/** The requests that carry the token. */
const withToken = ({ manifest, blob }: PullFiles): string[] => [...manifest, ...blob]
const isAuth = (file: string): boolean => file.startsWith('auth/')
const isAround = (file: string): boolean => /^(?:node|storage)\//.test(file)
const isStorage = (file: string): boolean => file.startsWith('storage/')

const LIMITS: readonly (readonly [
  what: string,
  limit: number,
  select: (files: PullFiles) => string[],
])[] = [
  ['a pull, from the server to the file store', 35, ofAll],
  // What there is on any host, over any store.
  ['the app: no node/, no storage/', 27, (all) => ofAll(all).filter((file) => !isAround(file))],
  ['access control, token endpoint included', 12, (all) => ofAll(all).filter(isAuth)],
  [
    'the manifest and the blob, without the store',
    25,
    (all) => withToken(all).filter((file) => !isStorage(file)),
  ],
  ['access control with a token in hand', 8, (all) => withToken(all).filter(isAuth)],
]

describe('files of functions/ that are run by', () => {
  for (const [what, limit, select] of LIMITS) {
    test(`${what}: at most ${limit}`, () => {
      const distinct = [...new Set(select(files))].sort()
      expect(distinct.length, distinct.join('\n')).toBeLessThanOrEqual(limit)
    })
  }
})

test('each request is seen', () => {
  expect(files.token).toContain('auth/tokens/issue.ts')
  expect(files.manifest).toContain('auth/tokens/verify.ts')
  expect(files.blob).toContain('registry/blobs.ts')
})

test('other issuers and their keys have no part in it', () => {
  const beside = /^auth\/(?:issuers|trusted-keys)\//
  expect(ofAll(files).filter((file) => beside.test(file))).toEqual([])
})
