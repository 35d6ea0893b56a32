/**
 * Imports run downward only: handlers; cli, node, compose; api; auth and registry; storage; shared.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = new URL('..', import.meta.url)

/** Folders of functions/ from the top down, with what each may import from; no other may exist. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  handlers: [
    ...['handlers', 'cli', 'node', 'compose', 'api', 'auth', 'registry', 'storage', 'shared'],
    'credentials',
    'events',
    'page',
    'search',
    'traces',
  ],
  credentials: ['credentials', 'shared'],
  transfer: ['transfer', 'registry', 'shared'],
  cli: [
    'cli',
    'credentials',
    'node',
    'transfer',
    'compose',
    'auth',
    'events',
    'search',
    'upstreams',
    'registry',
    'storage',
    'shared',
  ],
  node: [
    ...['node', 'compose', 'traces', 'events', 'upstreams', 'api', 'auth', 'registry', 'storage'],
    'shared',
  ],
  compose: [
    'compose',
    'traces',
    'events',
    'guard',
    'page',
    'schema1',
    'search',
    'v1',
    'upstreams',
    'api',
    'auth',
    'registry',
    'storage',
    'shared',
  ],
  traces: ['traces', 'api', 'auth', 'registry', 'storage', 'shared'],
  api: [
    ...[
      'api',
      'auth',
      'events',
      'guard',
      'page',
      'schema1',
      'search',
      'upstreams',
      'registry',
      'storage',
    ],
    'v1',
    'shared',
  ],
  guard: ['guard', 'schema1', 'auth', 'registry', 'storage', 'shared'],
  schema1: ['schema1', 'auth', 'registry', 'storage', 'shared'],
  v1: ['v1', 'schema1', 'registry', 'storage', 'shared'],
  auth: ['auth', 'registry', 'storage', 'shared'],
  page: ['page', 'search', 'registry', 'storage', 'shared'],
  search: ['search', 'events', 'registry', 'storage', 'shared'],
  events: ['events', 'registry', 'storage', 'shared'],
  upstreams: ['upstreams', 'transfer', 'registry', 'storage', 'shared'],
  registry: ['registry', 'storage', 'shared'],
  storage: ['storage', 'shared'],
  shared: ['shared'],
}

/** Packages that only some folders may know. */
const ONLY_IN: readonly (readonly [name: RegExp, folders: readonly string[]])[] = [
  [/^(?:hono|@hono\/.*)$|^hono\//, ['handlers', 'node', 'compose', 'traces', 'api']],
  [/^@opentelemetry\//, ['traces']],
  [/^node:https?2?$/, ['node', 'cli', 'transfer', 'upstreams', 'shared']],
  [/^@aws-sdk\/client-s3$|^@aws-sdk\/s3-/, ['storage']],
  [/^@aws-sdk\/(?:client-(?:kms|eventbridge|secrets-manager)|cloudfront-signer)$/, ['compose']],
  [/^aws-lambda$/, ['handlers']],
  [/^pino$/, ['compose']],
  [/^prom-client$/, ['node']],
]

/** Static, dynamic and re-exporting imports, types included. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\1/g

/** What a source file does that its place forbids. @param path below functions/ */
const violations = (path: string, source: string): string[] => {
  const [folder = ''] = path.split('/')
  const allowed = BELOW[folder]
  if (allowed === undefined) return [`${path} is in no known folder`]
  const found: string[] = []
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  if (
    folder !== 'handlers' &&
    /\bprocess\s*(?:\.\s*env|\[)|\benv\b.*\bfrom\s*'node:process'/.test(code)
  ) {
    found.push(`${path} reads process.env`)
  }
  for (const [, , name = ''] of code.matchAll(IMPORT)) {
    if (name.startsWith('.')) {
      const target = posix.join('functions', posix.dirname(path), name).split('/')
      // Only who opens a store knows which one it is.
      const adapter = target[1] === 'storage' && target.length > 3
      if (adapter && !['compose', 'storage'].includes(folder)) {
        found.push(`${path} imports ${target.join('/')}`)
        continue
      }
      const inside = target[0] === 'functions' && allowed.includes(target[1] ?? '')
      // The description that is published is the one that is served.
      if (folder === 'api' && target.join('/') === 'docs/openapi.json') continue
      // It is a client of any registry: of ours it knows the words.
      const words = /^functions\/registry\/(?:reference|media-types)\.ts$/
      if (folder === 'transfer' && target[1] === 'registry' && !words.test(target.join('/'))) {
        found.push(`${path} imports ${target.join('/')}`)
        continue
      }
      if (!inside) found.push(`${path} imports ${target.join('/')}`)
    }
    const rule = ONLY_IN.find(([pattern]) => pattern.test(name))
    if (rule && !rule[1].includes(folder)) found.push(`${path} imports ${name}`)
  }
  return found
}

/** Sources that break a rule, and what is found. */
const FAKES: readonly (readonly [path: string, source: string, found: string])[] = [
  [
    'storage/a.ts',
    "import { x } from '../registry/x.ts'",
    'storage/a.ts imports functions/registry/x.ts',
  ],
  [
    'storage/s3/a.ts',
    "import type { X } from '../../api/x.ts'",
    'storage/s3/a.ts imports functions/api/x.ts',
  ],
  [
    'registry/a.ts',
    "import {\n  a,\n  b,\n} from '../api/x.ts'",
    'registry/a.ts imports functions/api/x.ts',
  ],
  [
    'registry/a.ts',
    "export * from '../handlers/x.ts'",
    'registry/a.ts imports functions/handlers/x.ts',
  ],
  ['registry/a.ts', "import type { Context } from 'hono'", 'registry/a.ts imports hono'],
  ['registry/a.ts', "import { request } from 'node:http'", 'registry/a.ts imports node:http'],
  ['registry/a.ts', "await import('hono/body-limit')", 'registry/a.ts imports hono/body-limit'],
  [
    'registry/a.ts',
    "import { S3Client } from '@aws-sdk/client-s3'",
    'registry/a.ts imports @aws-sdk/client-s3',
  ],
  [
    'registry/a.ts',
    "import { x } from '../storage/file/x.ts'",
    'registry/a.ts imports functions/storage/file/x.ts',
  ],
  [
    'auth/a.ts',
    "import { x } from '../storage/s3/x.ts'",
    'auth/a.ts imports functions/storage/s3/x.ts',
  ],
  ['api/a.ts', "import '../handlers/x.ts'", 'api/a.ts imports functions/handlers/x.ts'],
  [
    'api/routes/a.ts',
    "import { x } from '../../../test/x.ts'",
    'api/routes/a.ts imports test/x.ts',
  ],
  ['handlers/a.ts', "import { x } from '../../lib/x.ts'", 'handlers/a.ts imports lib/x.ts'],
  ['api/a.ts', 'const { HOME } = process.env', 'api/a.ts reads process.env'],
  ['storage/a.ts', "const home = process['env'].HOME", 'storage/a.ts reads process.env'],
  ['storage/a.ts', "import { env } from 'node:process'", 'storage/a.ts reads process.env'],
  ['other/a.ts', '', 'other/a.ts is in no known folder'],
  [
    'transfer/a.ts',
    "import { x } from '../registry/layout.ts'",
    'transfer/a.ts imports functions/registry/layout.ts',
  ],
  [
    'shared/a.ts',
    "import { x } from '../storage/x.ts'",
    'shared/a.ts imports functions/storage/x.ts',
  ],
  ['compose/a.ts', "import { x } from '../node/x.ts'", 'compose/a.ts imports functions/node/x.ts'],
  ['node/a.ts', "import { x } from '../cli/x.ts'", 'node/a.ts imports functions/cli/x.ts'],
  ['cli/a.ts', 'const { HOME } = process.env', 'cli/a.ts reads process.env'],
  [
    'node/a.ts',
    "import { x } from '../storage/s3/x.ts'",
    'node/a.ts imports functions/storage/s3/x.ts',
  ],
]

const ALLOWED: readonly (readonly [path: string, source: string])[] = [
  ['transfer/a.ts', "import { x } from '../registry/media-types.ts'"],
  ['auth/a.ts', "import type { ObjectStore } from '../storage/store.ts'"],
  ['storage/file/a.ts', "import { x } from '../s3/x.ts'\nimport '../keys.ts'"],
  ['api/a.ts', "import { x } from '../registry/x.ts'\nimport { Hono } from 'hono'"],
  ['handlers/a.ts', 'const { HOME } = process.env'],
  [
    'registry/a.ts',
    "/** Like `import 'hono'` or process.env. */\n// import 'hono'\nimport './b.ts'",
  ],
]

describe('the rules', () => {
  for (const [path, source, found] of FAKES) {
    test(`find that ${found}`, () => assert.deepEqual(violations(path, source), [found]))
  }
  for (const [path, source] of ALLOWED) {
    test(`find nothing in ${JSON.stringify(source.slice(0, 40))}`, () =>
      assert.deepEqual(violations(path, source), []))
  }
})

test('every source keeps the rules', async () => {
  const paths: string[] = []
  const found: string[] = []
  for await (const path of glob('functions/**/*.ts', { cwd: ROOT })) {
    const source = await readFile(new URL(path, ROOT), 'utf8')
    paths.push(path)
    found.push(...violations(path.slice('functions/'.length), source))
  }
  assert.ok(paths.length > 40, `only ${paths.length} sources were found`)
  assert.deepEqual(found, [])
})

/** A circle of imports in a graph of files, types included: the files on the way round, or none. */
const circleIn = (graph: ReadonlyMap<string, readonly string[]>): readonly string[] => {
  const done = new Set<string>()
  const visit = (path: string, way: readonly string[]): readonly string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path]
    if (done.has(path)) return []
    for (const next of graph.get(path) ?? []) {
      const circle = visit(next, [...way, path])
      if (circle.length > 0) return circle
    }
    done.add(path)
    return []
  }
  for (const path of graph.keys()) {
    const circle = visit(path, [])
    if (circle.length > 0) return circle
  }
  return []
}

describe('circles of imports', () => {
  const GRAPHS: readonly (readonly [
    name: string,
    graph: Readonly<Record<string, readonly string[]>>,
    circle: readonly string[],
  ])[] = [
    ['none', { a: ['b', 'c'], b: ['c'], c: [] }, []],
    ['two files', { a: ['b'], b: ['a'] }, ['a', 'b', 'a']],
    [
      'three, not from the first on',
      { a: ['b'], b: ['c'], c: ['d'], d: ['b'] },
      ['b', 'c', 'd', 'b'],
    ],
  ]
  test.each(GRAPHS)('are found: %s', (_, graph, circle) => {
    expect(circleIn(new Map(Object.entries(graph)))).toEqual(circle)
  })

  test('are nowhere', async () => {
    const graph = new Map<string, string[]>()
    for await (const path of glob('{functions,lib,packaging,bench}/**/*.ts', { cwd: ROOT })) {
      const source = await readFile(new URL(path, ROOT), 'utf8')
      const names = [...source.matchAll(IMPORT)].map(([, , name = '']) => name)
      const inside = names.filter((name) => name.startsWith('.'))
      graph.set(
        path,
        inside.map((name) => posix.join(posix.dirname(path), name)),
      )
    }
    expect(graph.size).toBeGreaterThan(200)
    expect(circleIn(graph)).toEqual([])
  })
})
