/**
 * What a start reads, as one file. A bundler makes a chunk of all that the same entries and the same code for later have in common:
 * for a start of the API that were 85 files, and to find, read and link them took longer than to run what is in them.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { type BuildOptions, buildSync, type Metafile } from 'esbuild'
import { neededBy } from './bundle-size.ts'

type Outputs = Metafile['outputs']

/** A name that a file exports, and by what name the one file does. */
type Renamed = readonly [own: string, merged: string]

const reexport = (names: readonly Renamed[], from: string): string => {
  const list = names.map(([own, merged]) => (own === merged ? own : `${own} as ${merged}`))
  const source = JSON.stringify(from.startsWith('.') ? from : `./${from}`)
  return list.length === 0 ? `import${source};` : `export{${list.join(',')}}from${source};`
}

const back = (names: readonly Renamed[]): Renamed[] => names.map(([own, merged]) => [merged, own])

/**
 * Merges an entry and the chunks that it imports without `await` into `start.mjs` beside those. They stay as names of what is
 * there, for code that is loaded later and for other entries, so that a process has each module once.
 *
 * @param outputs of esbuild, in the files that it has written
 * @param entry the path of the entry among them
 * @param options how that was bundled
 * @returns what is in the files now
 */
export const mergeStart = (outputs: Outputs, entry: string, options: BuildOptions): Outputs => {
  const files = [...neededBy(outputs, [entry], ['import-statement'])]
  const directory = dirname(files[1] ?? entry)
  const start = join(directory, 'start.mjs')
  const names = new Map(
    files.map((path, at): [string, Renamed[]] => {
      const merged = (name: string) => (path === entry ? name : `${name}${at}`)
      return [path, outputs[path]!.exports.map((name) => [name, merged(name)])]
    }),
  )
  const { metafile } = buildSync({
    ...options,
    // The entry first: so all is run in the order in which it imports it.
    stdin: {
      contents: files
        .map((path) => reexport(names.get(path)!, relative(directory, path)))
        .join('\n'),
      resolveDir: resolve(directory),
    },
    external: Object.keys(outputs)
      .filter((path) => !names.has(path))
      .map((path) => resolve(path)),
    outfile: start,
    metafile: true,
  })
  const built = metafile.outputs[start]!
  const inputs = Object.assign({}, ...files.map((path) => outputs[path]?.inputs))
  const imports = files
    .flatMap((path) => outputs[path]!.imports)
    .filter(({ path }) => !names.has(path))
  const changed: Outputs = { [start]: { ...built, inputs, imports } }
  for (const [path, each] of names) {
    const code = reexport(back(each), relative(dirname(path), start))
    writeFileSync(path, code)
    changed[path] = {
      ...outputs[path]!,
      bytes: code.length,
      inputs: {},
      imports: [{ path: start, kind: 'import-statement' }],
    }
  }
  return { ...outputs, ...changed }
}
