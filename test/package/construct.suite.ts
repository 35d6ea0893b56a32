/**
 * The construct in somebody else's app: the one of docs/deploy.md.
 *
 * @module
 */

import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { projectRoot, run, scratch } from '../support/live/process.ts'
import { install, type Packed, packInto } from './packing.ts'

const directory = scratch('construct')
const folder = join(directory.path, 'app')
const installed = join(folder, 'node_modules/slipway/dist')
let packed: Packed
beforeAll(async () => {
  packed = await packInto(directory.path)
  await install(packed, folder)
  // As `npm install` would lay them there, without fetching 100 MB again.
  for (const name of ['aws-cdk-lib', 'constructs', '@types']) {
    symlinkSync(join(projectRoot, 'node_modules', name), join(folder, 'node_modules', name))
  }
  const [, app = ''] =
    /```ts\n(.*?)```/s.exec(readFileSync(join(projectRoot, 'docs/deploy.md'), 'utf8')) ?? []
  writeFileSync(join(folder, 'app.ts'), app)
  writeFileSync(join(folder, 'policy.yaml'), POLICY)
  writeFileSync(join(folder, 'app.cjs'), COMMON_JS)
  writeFileSync(join(folder, 'types.ts'), TYPES)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG))
})
afterAll(() => directory.remove())

const POLICY = 'version: 1\nrules: []\n'

const COMMON_JS = `
const { App, Stack } = require('aws-cdk-lib')
const { Registry } = require('slipway/cdk')
new Registry(new Stack(new App(), 'Images'), 'Registry')
`

/** What the declarations must say; the lines after `@ts-expect-error` must not be allowed. */
const TYPES = `
import { Stack } from 'aws-cdk-lib'
import { type AnyBucket, type CleanUp, type Pulls, Registry, type RegistryProps } from 'slipway/cdk'

const stack = new Stack()
const props: RegistryProps = { memory: 512 }
const registry = new Registry(stack, 'Registry', props)
const id: string = registry.gateway.api.ref
const bucket: AnyBucket = registry.bucket
const cleanUp: CleanUp | undefined = registry.cleanUp
const pulls: Pulls | undefined = registry.pulls
const names: (string | undefined)[] = [cleanUp?.function.functionName, pulls?.logGroup.logGroupName]
void names
new Registry(stack, 'Second', { bucket, domain: { name: id } })
// @ts-expect-error
new Registry(stack, 'Third', { memory: 'much' })
// @ts-expect-error
new Registry(stack, 'Fourth', { alarms: { address: 'ops@example.com' } })
// @ts-expect-error
new Registry(stack, 'Fifth', { code: '.' })
// @ts-expect-error
const number: number = registry.gateway.api.ref
void number
`

const TSCONFIG = {
  compilerOptions: {
    ...{ target: 'es2024', module: 'nodenext', strict: true, noEmit: true, types: ['node'] },
    // Declarations that refer to what is not there must fail, rather than be anything.
    skipLibCheck: false,
  },
  include: ['*.ts'],
}

/** Synthesises with an app as `cdk` runs it, and gives the directory of the result. */
const synthesise = async (app: string): Promise<string> => {
  const out = join(folder, `${app}.out`)
  mkdirSync(out)
  const env = { CDK_OUTDIR: out, HOME: directory.path }
  await run(process.execPath, [app], { cwd: folder, env })
  return out
}

/** What is in the function's asset, and its template. */
const resultOf = (out: string) => {
  const template = JSON.parse(readFileSync(join(out, 'Images.template.json'), 'utf8'))
  const resources: { Type: string; Properties: Record<string, unknown> }[] = Object.values(
    template.Resources,
  )
  // The others are the Web Function's, and of what copies its code.
  const [asset, ...more] = readdirSync(out)
    .filter((name) => name.startsWith('asset.'))
    .filter((name) => readdirSync(join(out, name)).includes('api.mjs'))
  expect(more).toEqual([])
  return {
    functions: resources.filter(
      ({ Type, Properties }) =>
        Type === 'AWS::Lambda::Function' && Properties.Handler === 'api.handler',
    ),
    asset: join(out, asset ?? ''),
  }
}

test('there is no bundler for it', async () => {
  const module = "import.meta.resolve('esbuild')"
  writeFileSync(join(installed, 'resolve.mjs'), module)
  await expect(run(process.execPath, [join(installed, 'resolve.mjs')])).rejects.toThrow(
    /ERR_MODULE_NOT_FOUND/,
  )
})

test('the app of the document passes the compiler, and its mistakes do not', async () => {
  const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [tsc, '--project', folder])
})

test('the app of the document is synthesised with the code of the package', async () => {
  const { functions, asset } = resultOf(await synthesise('app.ts'))
  expect(functions).toHaveLength(1)
  expect(functions[0]?.Properties).toMatchObject({ MemorySize: 2048, Handler: 'api.handler' })
  expect(readdirSync(asset).sort()).toEqual([
    'api.mjs',
    'chunks',
    'clean-up.mjs',
    'edge-secret.mjs',
    'events.mjs',
    'fill.mjs',
    'mirror.mjs',
    'policy.yaml',
    'pulls.mjs',
  ])
  expect(readFileSync(join(asset, 'policy.yaml'), 'utf8')).toBe(POLICY)
  for (const path of packed.files.filter((each) => each.startsWith('dist/api/'))) {
    const name = path.slice('dist/api/'.length)
    expect(readFileSync(join(asset, name)).equals(readFileSync(join(installed, 'api', name)))).toBe(
      true,
    )
  }
})

test('an app that is CommonJS may require it', async () => {
  const { functions } = resultOf(await synthesise('app.cjs'))
  expect(functions).toHaveLength(1)
})
