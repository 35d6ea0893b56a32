/**
 * The program that `npm start` runs, built from this checkout.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { once } from '../../../functions/shared/once.ts'
import { projectRoot, run } from './process.ts'

/** Builds it. @returns arguments for Node: its options, the module, `serve` */
export const npmStart = once(async (): Promise<readonly string[]> => {
  const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'))
  const [build, start] = [scripts.prestart, scripts.start].map((script: string) =>
    script
      .replace(/^exec /, '')
      .split(' ')
      .slice(1),
  )
  await run(process.execPath, build ?? [], { cwd: projectRoot })
  return start ?? []
})
