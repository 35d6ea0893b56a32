/**
 * Makes `dist/slipway.mjs`, which `npm start` runs, in a checkout.
 *
 * @module
 */

import { globSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { COMMAND, copyLauncher, PAGE, ROOT } from './dist.ts'

/** Milliseconds since 1970 at which the file was last written; 0 if it does not exist. */
const written = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

const isCurrent = (): boolean => {
  const sources = globSync('functions/**/*.ts', { cwd: ROOT }).concat('package-lock.json')
  const built = written(COMMAND)
  return sources.every((path) => written(join(ROOT, path)) < built)
}

/** The bundlers, or `undefined` after `npm ci --omit=dev`. */
const loadBundlers = () =>
  Promise.all([import('./bundle.ts'), import('./page.ts')]).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_MODULE_NOT_FOUND') return undefined
      throw error
    },
  )

/**
 * With the development dependencies, bundles the command anew, which takes 0.2 s. Without them, uses
 * a bundle that is newer than its sources, and otherwise the sources themselves, which take twice as
 * long to start and 40 MB more memory.
 */
export const prepareStart = async (): Promise<void> => {
  copyLauncher('slipway.mjs')
  const [command, page] = (await loadBundlers()) ?? []
  page?.bundlePage(PAGE)
  if (command) command.bundleCommand(COMMAND)
  else if (!isCurrent()) writeFileSync(COMMAND, "import '../functions/handlers/cli.ts'\n")
}
