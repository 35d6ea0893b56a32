/**
 * `slipway retention`: which tags are immutable, and which go with age.
 *
 * @module
 */

import { stringify } from 'yaml'
import { readDocument } from '../../auth/document.ts'
import type { Settings } from '../../compose/settings.ts'
import { readingNeeds } from '../../registry/clean-up/needs.ts'
import { countFreed, previewRepository } from '../../registry/clean-up/preview.ts'
import { isRuled } from '../../registry/clean-up/rule-facts.ts'
import { type Times, timesOf } from '../../registry/clean-up/terms.ts'
import type { Verdict } from '../../registry/clean-up/verdicts.ts'
import { listRepository } from '../../registry/clean-up/walk.ts'
import { CATALOG_PREFIX, catalogName, RETENTION_KEY } from '../../registry/layout.ts'
import { createPullReader } from '../../registry/pulls/read.ts'
import { pullsSince } from '../../registry/pulls/record.ts'
import type { Imported } from '../../registry/retention/import/imported.ts'
import { parseRetention } from '../../registry/retention/parse.ts'
import { asksForPulls } from '../../registry/retention/retention.ts'
import { quoted } from '../../shared/errors.ts'
import { listPages } from '../../storage/pages.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { StoreIo } from '../command.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { DocumentIo } from '../ways/document-io.ts'

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
export const setRetention = async (io: DocumentIo, given: Given): Promise<void> => {
  const text = await readRules(io, given)
  const written = await io.edit(RETENTION_KEY, () => text)
  io.say(written ? `It is set. ${io.seen}` : 'It was set already.')
}

/** `slipway retention show`. */
export const showRetention = async ({ store, print }: DocumentIo): Promise<void> => {
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
  readonly settings: Pick<Settings, 'gc-grace' | 'undelete-days'>
  readonly args: { readonly repository: readonly string[] }
  readonly flags: { readonly file: string | undefined; readonly json: boolean }
}

const DAYS = 86_400_000

const days = (span: number): string => `${Math.round((span / DAYS) * 10) / 10} days`

/** When bytes come free, and how many. */
const sayFreed = (
  { undelete, grace }: Times,
  { bytes, atOnce }: { readonly bytes: number; readonly atOnce: number },
): string =>
  `${bytes} bytes come free in the end, if nothing is pushed: those of a manifest ${days(undelete + 3 * grace)} after a rule lets it go. With --undelete-days 0 it is ${atOnce} bytes, ${days(3 * grace)} after.`

/** What is printed of a verdict. */
const lineOf = (name: string, { tag, digest, goes, rule, removedBy, size, until }: Verdict) => {
  const what = tag === undefined ? `${name}@${digest}` : `${name}:${tag}`
  const about = `${what}\t${digest}\t${size} bytes\t${rule}`
  if (!goes) return `stays\t${about}, though ${removedBy}`
  return `goes\t${about}${until === undefined ? '' : `, after ${new Date(until).toISOString()}`}`
}

const jsonOf = (repository: string, verdict: Verdict): string => {
  const { held: _, revision: __, again: ___, until, ...said } = verdict
  const after = until === undefined ? {} : { after: new Date(until).toISOString() }
  return JSON.stringify({ repository, ...said, ...after })
}

/** `slipway retention preview`. */
export const previewRetention = async (io: StoreIo, given: PreviewGiven): Promise<void> => {
  const { store, now, print, say } = io
  const { file, json } = given.flags
  const text =
    file === undefined ? await readDocument(store, RETENTION_KEY) : await io.readFile(file)
  if (text === undefined) throw new CommandError('there are no rules: give some with --file')
  const rules = parseRetention(text)
  const names = given.args.repository
  const times = timesOf(given.settings['gc-grace'], given.settings['undelete-days'])
  const date = now()
  const terms = { ...times, date, rules, readPulls: createPullReader(store, date) }
  const readNeeds = readingNeeds(store)
  const freed = countFreed(store)
  let going = 0
  for await (const name of names.length > 0 ? names : repositoriesOf(store)) {
    if (!isRuled(rules, name)) continue
    const preview = await previewRepository(
      store,
      terms,
      readNeeds,
      await listRepository(store, name),
    )
    freed.add(preview)
    for (const verdict of preview.verdicts) {
      if (verdict.goes) going += 1
      print(json ? jsonOf(name, verdict) : lineOf(name, verdict))
    }
  }
  if (rules.rules.some(asksForPulls)) say(sayPulls(await pullsSince(store, date)))
  say(sayFreed(times, await freed.count()))
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
