/**
 * `slipway retention`: which tags are immutable, and which go with age.
 *
 * @module
 */

import { stringify } from 'yaml'
import { editDocument, readDocument } from '../../auth/document.ts'
import { CATALOG_PREFIX, catalogName, RETENTION_KEY } from '../../registry/layout.ts'
import { createPullReader } from '../../registry/pulls/read.ts'
import { pullsSince } from '../../registry/pulls/record.ts'
import { evaluate } from '../../registry/retention/evaluate.ts'
import type { Imported } from '../../registry/retention/import/imported.ts'
import { readRepository } from '../../registry/retention/inventory.ts'
import { parseRetention } from '../../registry/retention/parse.ts'
import { asksForPulls } from '../../registry/retention/retention.ts'
import { quoted } from '../../shared/errors.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { StoreIo } from '../command.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'

/** A file's path, or `-` for standard input. */
interface Given {
  readonly args: { readonly file: string }
}

const counted = (count: number, what: string, many = `${what}s`): string =>
  `${count} ${count === 1 ? what : many}`

/** All repositories, in order. */
async function* repositoriesOf(store: ObjectStore): AsyncGenerator<string> {
  for await (const objects of listPages(store, CATALOG_PREFIX)) {
    yield* objects.map(({ key }) => catalogName(key))
  }
}

/** Reads and checks a file of rules. */
const readRules = async ({ readFile, say }: Io, { args: { file } }: Given): Promise<string> => {
  const text = await readFile(file)
  const { rules, immutables } = parseRetention(text)
  say(
    `The document is valid and has ${counted(immutables, 'rule')} on immutable tags and ${counted(rules.length, 'rule')} on what stays and goes.`,
  )
  return text
}

/** `slipway retention check`. */
export const checkRetention = async (io: Io, given: Given): Promise<void> => {
  await readRules(io, given)
}

/** `slipway retention set`. */
export const setRetention = async (io: StoreIo, given: Given): Promise<void> => {
  const text = await readRules(io, given)
  const written = await editDocument(io.store, RETENTION_KEY, () => text)
  io.say(written ? `It is set. ${io.seen}` : 'It was set already.')
}

/** `slipway retention show`. */
export const showRetention = async ({ store, print }: StoreIo): Promise<void> => {
  const text = await readDocument(store, RETENTION_KEY)
  if (text === undefined) throw new CommandError('there are no rules, so every tag can be moved')
  print(text.replace(/\n$/, ''))
}

/** What rules that ask for pulls go by. */
const sayPulls = (since: number | undefined): string =>
  since === undefined
    ? 'Pulls are not recorded, so that everything counts as pulled: start the registry with --pulls on.'
    : `Pulls are recorded since ${new Date(since).toISOString()}; everything counts as pulled then.`

interface PreviewGiven {
  readonly args: { readonly repository: readonly string[] }
  readonly flags: { readonly file: string | undefined; readonly json: boolean }
}

/** `slipway retention preview`. */
export const previewRetention = async (io: StoreIo, given: PreviewGiven): Promise<void> => {
  const { store, now, print, say } = io
  const { file, json } = given.flags
  const text =
    file === undefined ? await readDocument(store, RETENTION_KEY) : await io.readFile(file)
  if (text === undefined) throw new CommandError('there are no rules: give some with --file')
  const retention = parseRetention(text)
  const names = given.args.repository
  const readPulls = createPullReader(store, now())
  let going = 0
  for await (const name of names.length > 0 ? names : repositoriesOf(store)) {
    const about = retention.rules.filter(({ repositories }) => repositories(name))
    if (about.length === 0) continue
    const untagged = about.some(({ tags }) => tags === undefined)
    const pulls = about.some(asksForPulls) ? readPulls : undefined
    const facts = await readRepository(store, name, untagged, pulls)
    for (const decision of evaluate(retention, facts, now())) {
      const { tag, digest, goes, rule, removedBy } = decision
      if (goes) going += 1
      const what = tag === undefined ? `${name}@${digest}` : `${name}:${tag}`
      if (json) print(JSON.stringify({ repository: name, ...decision }))
      else if (goes) print(`goes\t${what}\t${digest}\t${rule}`)
      else print(`stays\t${what}\t${digest}\t${rule}, though ${removedBy}`)
    }
  }
  if (retention.rules.some(asksForPulls)) say(sayPulls(await pullsSince(store, now())))
  say(`${counted(going, 'tag or manifest', 'tags and manifests')} would go. Nothing was changed.`)
}

interface ImportGiven {
  readonly args: { readonly kind: string; readonly file: string }
  readonly flags: { readonly repositories: string | undefined }
}

/** Registries whose rules can be read. */
const KINDS = ['ecr', 'harbor', 'zot']

const importFrom = async (
  kind: string,
  text: string,
  repositories: string | undefined,
): Promise<Imported> => {
  const patterns = (repositories ?? '**').split(',')
  if (kind === 'ecr') {
    const { importEcr } = await import('../../registry/retention/import/ecr.ts')
    return { document: importEcr(text, patterns), warnings: [] }
  }
  if (kind === 'harbor') {
    const { importHarbor } = await import('../../registry/retention/import/harbor.ts')
    return importHarbor(text, patterns)
  }
  if (patterns.join() !== '**') {
    throw new UsageError('--repositories is not for zot, whose policies name repositories')
  }
  const { importZot } = await import('../../registry/retention/import/zot.ts')
  return importZot(text)
}

/** `slipway retention import`. */
export const importRules = async (
  { readFile, print, say }: Io,
  { args: { kind, file }, flags }: ImportGiven,
): Promise<void> => {
  if (!KINDS.includes(kind)) {
    throw new UsageError(
      `${quoted(kind)} is no registry whose rules can be read: expected ${KINDS.join(', ')}`,
    )
  }
  const { document, warnings } = await importFrom(kind, await readFile(file), flags.repositories)
  const text = stringify(document, { aliasDuplicateObjects: false })
  // What the patterns say is checked as in any document.
  parseRetention(text)
  for (const each of warnings) say(each)
  print(text.trimEnd())
}
