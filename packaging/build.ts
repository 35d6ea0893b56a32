/**
 * Builds `dist/`, all that the package has of code: the command, the function's bundle, and the
 * construct with its types. Runs before `npm pack`.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundleApi, bundleCommand, bundleConstruct } from './bundle.ts'
import { API, CDK, COMMAND, copyLauncher, ROOT } from './dist.ts'

for (const directory of [API, CDK]) rmSync(directory, { recursive: true, force: true })
copyLauncher()
bundleCommand(COMMAND)
bundleApi(API)
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
