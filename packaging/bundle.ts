/**
 * The code as it runs: of each Lambda function, one directory with everything that it needs; of the
 * command line and of the construct, one file each.
 *
 * @module
 */

import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, buildSync, type Metafile } from 'esbuild'
import { neededBy } from './bundle-size.ts'
import { mergeStart } from './merge-start.ts'

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** What both bundles have in common: modules for the Node that package.json pins. */
const COMMON = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
  // Some dependencies are CommonJS, which looks for `require`; the name must be no bundled module's.
  banner: {
    js: "import{createRequire as slipwayRequire}from'node:module';const require=slipwayRequire(import.meta.url);",
  },
} as const satisfies BuildOptions

/** What is in the bundle of the functions, for those who measure it. */
export interface ApiBundle {
  /** Of what is always deployed. */
  readonly outputs: Metafile['outputs']
  /** Of that and what is deployed beside it where requests are followed. */
  readonly withTraces: Metafile['outputs']
}

/**
 * Bundles the handler. The SDK comes with it rather than from the runtime, whose copy is slower to
 * load and of a version nobody chose. What few requests need (KMS, YAML) is in chunks of its own, so
 * that a cold start does not read it.
 *
 * @param directory where `api.mjs`, `edge-secret.mjs`, `clean-up.mjs`, `pulls.mjs`, `events.mjs`, `fill.mjs`, `mirror.mjs` and
 *   `chunks/` are written
 * @param traces where `api-traced.mjs` and the chunks that only it needs are written; it runs where both directories
 *   are one. Default: the same
 * @throws esbuild's BuildFailure when the code cannot be bundled
 */
export const bundleApi = (directory: string, traces = directory): ApiBundle => {
  const { metafile } = buildSync({
    ...COMMON,
    entryPoints: {
      api: local('../functions/handlers/api.ts'),
      'edge-secret': local('../functions/handlers/edge-secret.ts'),
      'clean-up': local('../functions/handlers/clean-up.ts'),
      pulls: local('../functions/handlers/pulls.ts'),
      events: local('../functions/handlers/events.ts'),
      fill: local('../functions/handlers/fill.ts'),
      mirror: local('../functions/handlers/mirror.ts'),
      'api-traced': local('../functions/handlers/api-traced.ts'),
    },
    outdir: directory,
    // Lambda takes .js for CommonJS where no package.json says otherwise.
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    minify: true,
    // From what is loaded later, in `chunks/`.
    define: { SLIPWAY_PAGE: '"../page/"' },
    alias: {
      '@aws-sdk/credential-provider-node': local('./credentials.ts'),
      'thread-stream': local('./thread-stream.ts'),
    },
    metafile: true,
  })
  const entryOf = (path: string): boolean => dirname(resolve(path)) === resolve(directory)
  const entries = Object.keys(metafile.outputs).filter(entryOf)
  const api = entries.find((path) => path.endsWith('/api.mjs'))!
  const outputs = oneStart(metafile.outputs, api)
  const all = neededBy(outputs, entries)
  const always = neededBy(
    outputs,
    entries.filter((path) => !path.endsWith('/api-traced.mjs')),
  )
  for (const path of Object.keys(outputs)) {
    const to = join(traces, relative(directory, resolve(path)))
    // Some are of imports that were found to be of no use.
    if (!all.has(path)) rmSync(path)
    else if (!always.has(path)) {
      mkdirSync(dirname(to), { recursive: true })
      renameSync(path, to)
    }
  }
  const those = (paths: ReadonlySet<string>): Metafile['outputs'] =>
    Object.fromEntries(Object.entries(outputs).filter(([path]) => paths.has(path)))
  return { outputs: those(always), withTraces: those(all) }
}

/** Makes one file of what a start reads, without a `require` for code that uses none. */
const oneStart = (outputs: Metafile['outputs'], entry: string): Metafile['outputs'] => {
  for (const path of Object.keys(outputs)) {
    const code = readFileSync(path, 'utf8')
    const without = code.replace(COMMON.banner.js, '')
    if (!/\brequire\b/.test(without)) writeFileSync(path, without.trimStart())
  }
  const { banner: _, ...options } = COMMON
  return mergeStart(outputs, entry, { ...options, minify: true })
}

/** The code of a thread, as one script that needs no file. */
const scriptOf = (path: string): string => {
  const { outputFiles } = buildSync({
    ...COMMON,
    entryPoints: [local(path)],
    // What a worker is given as text is CommonJS.
    format: 'cjs',
    banner: {},
    minify: true,
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

/**
 * Bundles the Web Function. The entry is `index.js`, the name that the runtime looks for by itself, so that
 * it is found whatever a template says; a package.json beside it makes Node take the files for modules. All
 * of the SDK's ways to find credentials are in it, since AWS does not say how a Web Function gets its own.
 *
 * @param directory where `index.js`, `package.json` and `chunks/` are written
 * @returns what is in them, for those who measure it
 * @throws esbuild's BuildFailure when the code cannot be bundled
 */
export const bundleWeb = (directory: string): Metafile => {
  const { metafile } = buildSync({
    ...COMMON,
    entryPoints: { index: local('../functions/handlers/web.ts') },
    outdir: directory,
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    minify: true,
    define: threads(),
    metafile: true,
  })
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}\n')
  const entry = Object.keys(metafile.outputs).find((path) => path.endsWith('/index.js'))!
  return { ...metafile, outputs: oneStart(metafile.outputs, entry) }
}

/** What stands for the scripts of threads in the code that starts them. */
const threads = (): Record<string, string> => ({
  SLIPWAY_PASSWORD_WORKER: JSON.stringify(scriptOf('../functions/node/password-worker.ts')),
  SLIPWAY_DISK_WORKER: JSON.stringify(scriptOf('../functions/storage/file/thread/worker.ts')),
  SLIPWAY_HASH_WORKER: JSON.stringify(scriptOf('../functions/node/hash-worker.ts')),
})

/** Names the Node that is needed to one that is older, which can read the bundle but not run it. */
const CHECK_NODE =
  "if(!(parseInt(process.versions.node)>=24)){process.stderr.write('slipway needs Node 24 or later; this is '+process.versions.node+'.\\n');process.exit(1)}"

/**
 * Bundles the command line for `npm start`: it starts in half the time and takes 40 MB less than the
 * sources, for which Node loads a compiler of TypeScript. One file, so that a server which runs loses
 * nothing when it is built again; not minified, for the sake of stack traces.
 *
 * @param file where it is written
 * @throws esbuild's BuildFailure when the code cannot be bundled
 */
export const bundleCommand = (file: string): void => {
  const { outputFiles } = buildSync({
    ...COMMON,
    entryPoints: [local('../functions/handlers/cli.ts')],
    outfile: file,
    define: { ...threads(), SLIPWAY_PAGE: '"./page/"' },
    banner: { js: `${COMMON.banner.js}${CHECK_NODE}` },
    write: false,
  })
  mkdirSync(dirname(file), { recursive: true })
  for (const { path, text } of outputFiles) writeFileSync(path, inAscii(text), { mode: 0o755 })
}

/**
 * Code in ASCII: of a single other character, V8 keeps all of it in two bytes each, 5 MB more. Strings are ASCII by
 * esbuild; the rest is in comments and regular expressions.
 */
const inAscii = (code: string): string =>
  code.replaceAll(
    /[\u0080-\uffff]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/**
 * Bundles the credential helper. What finds AWS credentials is in chunks of its own, which are most of it: clients
 * start the program for each request to a registry.
 *
 * @param directory where `credential-helper.mjs` and its chunks are written
 * @throws esbuild's BuildFailure when the code cannot be bundled
 */
export const bundleHelper = (directory: string): void => {
  buildSync({
    ...COMMON,
    entryPoints: [local('../functions/handlers/credential-helper.ts')],
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    splitting: true,
    minify: true,
  })
}

/**
 * Bundles the construct for other people's apps, with their CDK.
 *
 * @param file where it is written, with `edge/` beside it
 * @throws esbuild's BuildFailure when the code cannot be bundled
 */
export const bundleConstruct = (file: string): void => {
  buildSync({
    ...COMMON,
    entryPoints: [local('../lib/cdk.ts')],
    outfile: file,
    external: ['aws-cdk-lib', 'constructs'],
  })
  // The functions at the edge are deployed as they are.
  cpSync(local('../lib/edge'), join(file, '../edge'), { recursive: true })
}
