/**
 * `slipway events`: who is told of what happens, and what could not be delivered.
 *
 * @module
 */

import { readDocument } from '../../auth/document.ts'
import { parseReceivers } from '../../events/receivers.ts'
import type { Dead } from '../../events/shown.ts'
import { EVENT_RECEIVERS_KEY } from '../../registry/layout.ts'
import { quoted } from '../../shared/errors.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { EventsIo } from '../ways/events-io.ts'

/** A file's path, or `-` for standard input. */
interface Given {
  readonly args: { readonly file: string }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

const readReceivers = async ({ readFile, say }: Io, { args: { file } }: Given): Promise<string> => {
  const text = await readFile(file)
  say(`The document is valid and has ${counted(parseReceivers(text).length, 'receiver')}.`)
  return text
}

/** `slipway events check`. */
export const checkReceivers = async (io: Io, given: Given): Promise<void> => {
  await readReceivers(io, given)
}

/** `slipway events set`. */
export const setReceivers = async (io: EventsIo, given: Given): Promise<void> => {
  const text = await readReceivers(io, given)
  const names = parseReceivers(text).map(({ name }) => name)
  const ended = (await io.ended()).filter((name) => names.includes(name))
  const written = await io.edit(EVENT_RECEIVERS_KEY, () => text)
  io.say(written ? `It is set. ${io.seen}` : 'It was set already.')
  await io.revive(ended)
  for (const name of ended) io.say(`${name} had ended (410): it is sent events again.`)
}

/** `slipway events show`. */
export const showReceivers = async ({ store, print }: EventsIo): Promise<void> => {
  const text = await readDocument(store, EVENT_RECEIVERS_KEY)
  if (text === undefined) throw new CommandError('nobody is told of events: no receivers are set')
  print(text.replace(/\n$/, ''))
}

/** What an event is about, as people write it. */
const subjectOf = ({ repository = '', target, facts }: NonNullable<Dead['event']>): string => {
  if (target?.tag !== undefined) return `${repository}:${target.tag}`
  if (target?.digest !== undefined) return `${repository}@${target.digest}`
  return repository || String(facts?.document ?? '')
}

const lineOf = ({ receiver, id, at, event }: Dead): string =>
  event === undefined
    ? `${id}\t${receiver}\t${at}\tdamaged`
    : `${id}\t${receiver}\t${at}\t${event.action} ${subjectOf(event)}\t${event.why}`

interface ListGiven {
  readonly flags: { readonly json: boolean }
}

/** `slipway events list`: what is dead, a line each, and how much waits. */
export const listEvents = async (io: EventsIo, { flags: { json } }: ListGiven): Promise<void> => {
  const { print, say } = io
  let dead = 0
  for await (const each of io.dead()) {
    dead += 1
    print(json ? JSON.stringify({ state: 'dead', ...each }) : lineOf(each))
  }
  const waiting = new Map<string, number>()
  for await (const each of io.waiting()) {
    waiting.set(each.receiver, (waiting.get(each.receiver) ?? 0) + 1)
    if (json) print(JSON.stringify({ state: 'waiting', ...each }))
  }
  for (const [name, count] of waiting) say(`${counted(count, 'event')} for ${name} waiting.`)
  for (const name of await io.ended()) {
    say(`${name} has ended: it responded 410. slipway events set has it be sent events again.`)
  }
  if (dead + waiting.size === 0) say('Nothing waits, and all was delivered.')
}

interface ResendGiven {
  readonly args: { readonly id: readonly string[] }
  readonly flags: { readonly all: boolean }
}

/** `slipway events resend`. @throws CommandError for an id that is not there, UsageError */
export const resendEvents = async (
  { resend, say }: EventsIo,
  { args: { id: ids }, flags: { all } }: ResendGiven,
): Promise<void> => {
  if (all === ids.length > 0)
    throw new UsageError('give ids of events, or --all for every dead one')
  const { sent, damaged, missing } = await resend(all ? 'all' : ids)
  for (const id of damaged) say(`${id} is damaged: it is left where it is.`)
  say(`${counted(sent, 'event')} to be sent again.`)
  const [first] = missing
  if (first !== undefined) {
    throw new CommandError(`no dead event has the id ${quoted(first)}: see slipway events list`)
  }
}
