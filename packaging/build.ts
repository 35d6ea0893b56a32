/**
 * Builds `dist/`, all that the package has of code: the command, the functions' bundles, and the
 * construct with its types. Runs before `npm pack`.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundleApi, bundleCommand, bundleConstruct, bundleHelper, bundleWeb } from './bundle.ts'
import { API, CDK, COMMAND, copyLauncher, HELPER, PAGE, ROOT, TRACES, WEB } from './dist.ts'
import { bundlePage } from './page.ts'

for (const directory of [API, TRACES, WEB, CDK, HELPER])
  rmSync(directory, { recursive: true, force: true })
for (const launcher of ['slipway.mjs', 'docker-credential-slipway.mjs']) copyLauncher(launcher)
bundleCommand(COMMAND)
bundlePage(PAGE)
bundleHelper(HELPER)
bundleApi(API, TRACES)
bundleWeb(WEB)
bundleConstruct(join(CDK, 'index.js'))
// In a file of declarations, TypeScript reads `./x.ts` as `./x.d.ts`.
execFileSync(
  process.execPath,
  [
    ...[join(ROOT, 'node_modules/typescript/bin/tsc'), '--project', join(ROOT, 'packaging')],
    ...['--outDir', CDK],
  ],
  { stdio: 'inherit' },
)
