/**
 * The Web Function's code: what is in it, and that it starts however a runtime loads it.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Metafile } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleWeb } from '../../packaging/bundle.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let outputs: Metafile['outputs']
beforeAll(async () => {
  directory = await temporaryDirectory()
  outputs = bundleWeb(directory.path).outputs
})
afterAll(() => directory.remove())

test('nothing in it keeps house, reads certificates or sends traces', () => {
  const sources = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
  expect(sources.filter((path) => /functions\/traces\/|@opentelemetry/.test(path))).toEqual([])
  const node = sources.filter((path) => path.includes('functions/node/'))
  expect(node.some((path) => path.endsWith('/http-server.ts'))).toBe(true)
  expect(node.filter((path) => /housekeeping|presence|\/tls\/(?!.*plain)/.test(path))).toEqual([])
})

test("all of the SDK's ways to find credentials are in it", () => {
  const sources = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs))
  for (const way of ['env', 'http', 'process', 'web-identity', 'node']) {
    const folder = `node_modules/@aws-sdk/credential-provider-${way}/`
    expect(sources.some((path) => path.includes(folder))).toBe(true)
  }
})

test('all of it is less than 1.85 MB: upstreams are 0.2 MB, the Public Suffix List included', () => {
  const size = Object.values(outputs).reduce((sum, { bytes }) => sum + bytes, 0)
  expect(size).toBeLessThan(1_850_000)
})

const STARTS = {
  'as a script': ['./index.js'],
  'by require': ['--eval', "require('./index.js')"],
  'by import': ['--eval', "import('./index.js')"],
}
for (const [how, args] of Object.entries(STARTS)) {
  test(`it starts ${how}, and says in a line what it misses`, async () => {
    const options = { cwd: directory.path, env: { PATH: process.env.PATH } }
    const started = promisify(execFile)(process.execPath, args, options)
    await expect(started).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^AWS_LAMBDA_HTTP_ENDPOINT is not set: [^\n]+\n$/),
    })
  })
}
