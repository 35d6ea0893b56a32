/**
 * package.json as it is packed. Everything in `dist/` is bundled, so the package depends on nothing:
 * whoever installs it gets no second copy of 49 packages (48 MB), and needs no network. A checkout needs
 * them as dependencies all the same, for `npm ci --omit=dev && npm start`.
 *
 * npm packs the files that it finds after `prepack`, so this one is replaced until `postpack`.
 *
 * Usage: node packaging/manifest.ts pack | restore
 *
 * @module
 */

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './dist.ts'

const MANIFEST = join(ROOT, 'package.json')
const ORIGINAL = join(ROOT, 'dist/package.original.json')
/** Lets `npm ci` run where the package was unpacked. */
const LOCK = join(ROOT, 'npm-shrinkwrap.json')

const write = (path: string, content: unknown): void =>
  writeFileSync(path, `${JSON.stringify(content, undefined, 2)}\n`)

/** Puts back what the checkout has; also after a `npm pack` that was killed. */
const restore = (): void => {
  if (existsSync(ORIGINAL)) renameSync(ORIGINAL, MANIFEST)
  rmSync(LOCK, { force: true })
}

const pack = (): void => {
  restore()
  const { dependencies, devDependencies, allowScripts, scripts, ...kept } = JSON.parse(
    readFileSync(MANIFEST, 'utf8'),
  )
  renameSync(MANIFEST, ORIGINAL)
  write(MANIFEST, { ...kept, scripts: { start: scripts.start } })
  const { name, version, license, bin, engines, peerDependencies, peerDependenciesMeta } = kept
  const root = { name, version, license, bin, engines, peerDependencies, peerDependenciesMeta }
  write(LOCK, { name, version, lockfileVersion: 3, requires: true, packages: { '': root } })
}

const [command] = process.argv.slice(2)
if (command === 'pack') pack()
else if (command === 'restore') restore()
else throw new Error('expected pack or restore')
