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

/** What is loaded with the handler of the API: it, and all that is imported without `await`. */
export const loadedAtStart = (outputs: Outputs): ReadonlySet<string> => {
  const loaded = new Set<string>()
  const load = (path: string): void => {
    if (loaded.has(path)) return
    loaded.add(path)
    for (const { kind, external, path: next } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && !external) load(next)
    }
  }
  load(Object.keys(outputs).find((path) => path.endsWith('/api.mjs')) ?? '')
  return loaded
}
