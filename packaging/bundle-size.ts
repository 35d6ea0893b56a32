/**
 * How much code there is in a bundle, and how much of it a start reads.
 *
 * @module
 */

import type { Metafile } from 'esbuild'

type Outputs = Metafile['outputs']

/** Bytes of these files of a bundle. */
export const sizeOf = (outputs: Outputs, paths: Iterable<string>): number =>
  [...paths].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0)

/** All that files of a bundle import, and they themselves. @param kinds of imports. Default: all */
export const neededBy = (
  outputs: Outputs,
  paths: readonly string[],
  kinds: readonly string[] = ['import-statement', 'dynamic-import'],
): ReadonlySet<string> => {
  const needed = new Set<string>()
  const need = (path: string): void => {
    if (needed.has(path)) return
    needed.add(path)
    for (const { kind, external, path: next } of outputs[path]?.imports ?? []) {
      if (kinds.includes(kind) && !external) need(next)
    }
  }
  for (const path of paths) need(path)
  return needed
}

/** What is loaded with the handler of the API: it, and all that is imported without `await`. */
export const loadedAtStart = (outputs: Outputs, handler = 'api'): ReadonlySet<string> =>
  neededBy(
    outputs,
    Object.keys(outputs).filter((path) => path.endsWith(`/${handler}.mjs`)),
    ['import-statement'],
  )
