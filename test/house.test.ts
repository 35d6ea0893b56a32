/**
 * Rules of the tests themselves.
 *
 * @module
 */

import { glob, readFile } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'

const ROOT = new URL('..', import.meta.url)

/** What no source may contain, and why. Written so that it does not match itself. */
const FORBIDDEN: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/['"]node:[t]est(?:\/[^'"]*)?['"]/, 'Vitest is the only runner of tests'],
  [/\binterrupt[A]fterTimeLimit\b/, 'a property cut short still writes, and tries less under load'],
  [/\b(?:test|it|describe)\.[o]nly\b/, 'the other tests would not run'],
  [/\bvi\.wait(?:[F]or|[U]ntil)\(/, 'its limit is a second: see test/support/until.ts'],
  [/['"]z[o]d['"]\)?$/m, 'its large form is 50 kB of a cold start: see functions/shared/schema.ts'],
]

const SOURCES = [
  '{functions,lib,page,test,bench,packaging}/**/*.{ts,tsx,js,mjs}',
  '{*.ts,package.json,tsconfig.json}',
]

/** Sources of this project, and what sets its tools up. */
const sources = async (): Promise<readonly (readonly [path: string, text: string])[]> => {
  const found: [path: string, text: string][] = []
  for await (const path of glob(SOURCES, { cwd: ROOT })) {
    found.push([path, await readFile(new URL(path, ROOT), 'utf8')])
  }
  return found
}

let all: Awaited<ReturnType<typeof sources>>
beforeAll(async () => {
  all = await sources()
})

test.each(FORBIDDEN)('no source has %s', (pattern, why) => {
  expect(all.length).toBeGreaterThan(300)
  const found = all.filter(([, text]) => pattern.test(text)).map(([path]) => path)
  expect(found, why).toEqual([])
})

test('the rules find what they forbid', () => {
  const wrong = [
    "import 'node:-test'",
    'interrupt-AfterTimeLimit: 1',
    'it.-only(',
    'vi.wait-For(',
    "import 'z-od'",
  ].map((text) => text.replace('-', ''))
  const rules = wrong.map((text) => FORBIDDEN.findIndex(([pattern]) => pattern.test(text)))
  expect(rules).toEqual([0, 1, 2, 3, 4])
})
