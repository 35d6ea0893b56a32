/**
 * The page as it is built: small, nothing inline, nothing from elsewhere, and only text where there is text.
 *
 * @module
 */

import { glob, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PageFiles, readPageFiles } from '../../functions/page/files.ts'
import { bundlePage } from '../../packaging/page.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'

const PAGE = join(import.meta.dirname, '../../page')

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let files: PageFiles
beforeAll(async () => {
  directory = await temporaryDirectory()
  bundlePage(directory.path)
  files = (await readPageFiles(pathToFileURL(`${directory.path}/`))) ?? new Map()
})
afterAll(() => directory.remove())

const textOf = (name: string): string => Buffer.from(files.get(name)?.bytes ?? []).toString()

test('it is less than 150 KB, compressed; by far', () => {
  const size = [...files.values()].reduce((sum, { gzip }) => sum + gzip.byteLength, 0)
  expect(size).toBeGreaterThan(10_000)
  expect(size).toBeLessThan(30_000)
})

test('it names its parts, and has nothing inline', () => {
  const html = textOf('index.html')
  const named = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path = '']) => path)
  expect(named.map((path) => path.replace(/-\w+\./, '-0.'))).toEqual([
    '/page/icon-0.svg',
    '/page/page-0.css',
    '/page/main-0.js',
  ])
  for (const path of named) expect(files.has(path.replace('/page/', ''))).toBe(true)
  expect(files.size).toBe(4)
  expect(html).not.toMatch(/<style|style=|\son\w+=|<script[^>]*>[^<]/)
})

test('it asks no other host for anything', () => {
  const hosts = [...files.keys()].flatMap((name) => [
    ...textOf(name).matchAll(/(?:https?:)?\/\/([\w-]+\.)+\w+/g),
  ])
  const names = hosts.map(([url]) => url).filter((url) => url !== 'http://www.w3.org')
  expect(names).toEqual([])
})

test('no source makes HTML of text, or styles that are inline', async () => {
  const sources: string[] = []
  for await (const path of glob('**/*.{ts,tsx}', { cwd: PAGE })) {
    const source = await readFile(join(PAGE, path), 'utf8')
    sources.push(path)
    const found =
      /dangerously|innerHTML|outerHTML|insertAdjacent|document\.write|\bstyle=|eval\(|localStorage/
    expect([path, found.exec(source)?.[0]]).toEqual([path, undefined])
  }
  expect(sources.length).toBeGreaterThan(15)
})

test('built again, it is the same, and what was there before is gone', async () => {
  const names = (await readdir(directory.path)).sort()
  const { writeFile } = await import('node:fs/promises')
  await writeFile(join(directory.path, 'main-OLD.js'), '')
  bundlePage(directory.path)
  expect((await readdir(directory.path)).sort()).toEqual(names)
})

test('what was not built is not there', async () => {
  const { path, remove } = await temporaryDirectory()
  expect(await readPageFiles(pathToFileURL(`${path}/`))).toBe(undefined)
  expect(await readPageFiles(pathToFileURL(`${path}/nothing/`))).toBe(undefined)
  await remove()
})
