/**
 * The code of the Lambda function as it is deployed: one directory with everything that it needs.
 *
 * @module
 */

import { fileURLToPath } from 'node:url'
import { buildSync, type Metafile } from 'esbuild'

/** What Lambda is told to call. */
export const HANDLER = 'api.handler'

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * Bundles the handler. The SDK comes with it rather than from the runtime, whose copy is slower to
 * load and of a version nobody chose. What few requests need (KMS, YAML) is in chunks of its own, so
 * that a cold start does not read it.
 *
 * @param directory where `api.mjs` and `chunks/` are written
 * @returns what is in them, for those who measure it
 * @throws esbuild's BuildFailure when the code cannot be bundled
 */
export const bundleApi = (directory: string): Metafile =>
  buildSync({
    entryPoints: { api: local('../functions/handlers/api.ts') },
    outdir: directory,
    // Lambda takes .js for CommonJS where no package.json says otherwise.
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    alias: { '@aws-sdk/credential-provider-node': local('./credentials.ts') },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    // Some dependencies are CommonJS, which looks for `require`; the name must be no bundled module's.
    banner: {
      js: "import{createRequire as slipwayRequire}from'node:module';const require=slipwayRequire(import.meta.url);",
    },
  }).metafile
