/**
 * `slipway mirror`: repositories that are kept in step with others, by rules.
 *
 * @module
 */

import { once } from '../../shared/once.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { parseMirror, type Rule } from '../mirror/parse.ts'
import { type Report, runRule } from '../mirror/run.ts'
import { STORE } from '../mirror/schema.ts'
import type { MirrorSettings } from '../mirror/sides.ts'
import { openState, type State } from '../mirror/state.ts'
import { fileState, type StatePlace, storedState } from '../mirror/state-places.ts'
import { printStatus, reportLine, reportObject } from '../mirror/status.ts'
import { watchRules } from '../mirror/watch.ts'

interface Given {
  readonly args: { readonly file: string }
  readonly flags: {
    readonly watch: boolean
    readonly status: boolean
    readonly rule: readonly string[]
    readonly state: string | undefined
    readonly 'max-deletes': number | undefined
    readonly json: boolean
  }
  readonly settings: MirrorSettings
}

/** The rules that were asked for; all, where none was. @throws UsageError for one that is not there */
const chosen = (rules: readonly Rule[], names: readonly string[]): readonly Rule[] => {
  const unknown = names.find((name) => !rules.some((rule) => rule.name === name))
  if (unknown === undefined) {
    return names.length === 0 ? rules : rules.filter(({ name }) => names.includes(name))
  }
  const there = rules.map(({ name }) => name).join(', ')
  throw new UsageError(`--rule is ${JSON.stringify(unknown)}: the document has ${there}`)
}

/** Opens what is kept of runs, beside the document where nothing else is said. */
const openKept = async (io: Io, { args, flags, settings }: Given): Promise<State> => {
  const path = flags.state ?? (args.file === '-' ? undefined : `${args.file}.state`)
  let place: StatePlace | undefined
  if (path === STORE) place = storedState(await io.openStore(settings))
  else if (path !== undefined) place = fileState(path)
  return openState(place, () => io.say(`${place?.called} is damaged: it is written anew`))
}

/** Asks for an end at the first signal, and ends at once at the second. */
const stopping = (io: Io): (() => boolean) => {
  let stopped = false
  io.onStop(() => {
    if (stopped) io.exit(130)
    stopped = true
    io.say('It ends when what is under way is done; a second signal ends it at once.')
  })
  return () => stopped
}

/** Keeps repositories in step. @throws UsageError, DocumentError; CommandError where anything failed */
export const mirror = async (io: Io, given: Given): Promise<number> => {
  const { args, flags, settings } = given
  const { json } = flags
  const rules = chosen(parseMirror(await io.readFile(args.file)), flags.rule)
  const state = await openKept(io, given)
  if (flags.status) return printStatus(io, rules, state, json) ? 0 : 1
  const isStopped = stopping(io)
  const maxDeletes = flags['max-deletes']
  // Lines of several rules would write over each other.
  const progress = () => ({ show: () => {}, end: () => {} })
  // One client for all runs: each has connections of its own.
  const openStore = once(() => io.openStore(settings))
  const opened = { ...io, openStore }
  const world = flags.watch ? { ...opened, progress } : opened
  const run = async (rule: Rule): Promise<Report> => {
    const report = await runRule(world, rule, { settings, json, maxDeletes, isStopped })
    if (json) io.print(JSON.stringify(reportObject(rule.name, report)))
    else io.print(reportLine(rule.name, report))
    for (const { what, why } of report.failures) io.say(`${what}: ${why}`)
    await state.keep(rule.name, report).catch((error: Error) => {
      io.say(`It is not kept what became of ${rule.name}: ${error.message}`)
    })
    return report
  }
  if (flags.watch) {
    await watchRules(rules, { io, state, isStopped, run })
    return 0
  }
  const reports: Report[] = []
  for (const rule of rules) if (!isStopped()) reports.push(await run(rule))
  const failed = reports.reduce((sum, { failures }) => sum + failures.length, 0)
  if (failed > 0) throw new CommandError(`${failed} failed: the same command tries them again`)
  return isStopped() ? 130 : 0
}
