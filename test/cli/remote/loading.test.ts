/**
 * A command on a store loads nothing of what asks registries, and one from afar no store.
 *
 * @module
 */

import { glob, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const CLI = new URL('../../../functions/cli/', import.meta.url)

/** Imports that are loaded with a file, by its path: no types, and not what is imported when it is needed. */
const importsIn = async (pattern: string): Promise<[path: string, name: string][]> => {
  const found: [string, string][] = []
  for await (const path of glob(pattern, { cwd: CLI })) {
    const text = await readFile(new URL(path, CLI), 'utf8')
    for (const [, name = ''] of text.matchAll(/^import (?!type\b)[^']*'([^']+)'/gm)) {
      found.push([path, name])
    }
  }
  return found
}

test('what asks registries is loaded only from afar', async () => {
  const all = await importsIn('**/*.ts')
  expect(all.length).toBeGreaterThan(200)
  const outside = all.filter(([path]) => !path.startsWith('remote/'))
  expect(outside.filter(([, name]) => name.includes('remote/'))).toEqual([])
})

test('what asks registries knows no store', async () => {
  const all = await importsIn('remote/*.ts')
  const forbidden = /compose\/(?!setting-table|errors)|storage\/(?:file|s3)|in-store|openStore/
  expect(all.filter(([, name]) => forbidden.test(name))).toEqual([])
})
