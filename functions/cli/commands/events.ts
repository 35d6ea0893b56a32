/**
 * `slipway events`: who is told of what happens, and what could not be delivered.
 *
 * @module
 */

import { readDocument } from '../../auth/document.ts'
import {
  type DeadLetter,
  listDead,
  listEnded,
  listWaiting,
  resendDead,
  revive,
} from '../../events/dead-letters.ts'
import { parseReceivers } from '../../events/receivers.ts'
import type { EventRecord } from '../../events/record.ts'
import { EVENT_RECEIVERS_KEY } from '../../registry/layout.ts'
import { quoted } from '../../shared/errors.ts'
import type { StoreIo } from '../command.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'

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
export const setReceivers = async (io: StoreIo, given: Given): Promise<void> => {
  const text = await readReceivers(io, given)
  const written = await io.edit(EVENT_RECEIVERS_KEY, () => text)
  io.say(written ? `It is set. ${io.seen}` : 'It was set already.')
  const names = parseReceivers(text).map(({ name }) => name)
  const ended = (await listEnded(io.store)).filter((name) => names.includes(name))
  await revive(io.store, ended)
  for (const name of ended) io.say(`${name} had ended (410): it is sent events again.`)
}

/** `slipway events show`. */
export const showReceivers = async ({ store, print }: StoreIo): Promise<void> => {
  const text = await readDocument(store, EVENT_RECEIVERS_KEY)
  if (text === undefined) throw new CommandError('nobody is told of events: no receivers are set')
  print(text.replace(/\n$/, ''))
}

/** What an event is about, as people write it. */
const subjectOf = ({ repository = '', target, facts }: EventRecord): string => {
  if (target?.tag !== undefined) return `${repository}:${target.tag}`
  if (target?.digest !== undefined) return `${repository}@${target.digest}`
  return repository || String(facts?.document ?? '')
}

const lineOf = ({ delivery: { receiver, id, at }, event }: DeadLetter): string => {
  const time = new Date(Number(at)).toISOString()
  if (event === undefined) return `${id}\t${receiver}\t${time}\tdamaged`
  const { why, record } = event
  return `${id}\t${receiver}\t${time}\t${record.action} ${subjectOf(record)}\t${why}`
}

interface ListGiven {
  readonly flags: { readonly json: boolean }
}

/** `slipway events list`: what is dead, a line each, and how much waits. */
export const listEvents = async (
  { store, print, say }: StoreIo,
  { flags: { json } }: ListGiven,
): Promise<void> => {
  let dead = 0
  for await (const letter of listDead(store)) {
    dead += 1
    const { delivery, event } = letter
    const { receiver, id } = delivery
    print(json ? JSON.stringify({ receiver, state: 'dead', id, ...event }) : lineOf(letter))
  }
  const waiting = new Map<string, number>()
  for await (const { receiver, id, at } of listWaiting(store)) {
    waiting.set(receiver, (waiting.get(receiver) ?? 0) + 1)
    if (json) print(JSON.stringify({ receiver, state: 'waiting', id, at: Number(at) }))
  }
  for (const [name, count] of waiting) say(`${counted(count, 'event')} for ${name} waiting.`)
  for (const name of await listEnded(store)) {
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
  { store, say }: StoreIo,
  { args: { id: ids }, flags: { all } }: ResendGiven,
): Promise<void> => {
  if (all === ids.length > 0)
    throw new UsageError('give ids of events, or --all for every dead one')
  const { sent, damaged, missing } = await resendDead(store, all ? 'all' : ids)
  for (const id of damaged) say(`${id} is damaged: it is left where it is.`)
  say(`${counted(sent, 'event')} to be sent again.`)
  const [first] = missing
  if (first !== undefined) {
    throw new CommandError(`no dead event has the id ${quoted(first)}: see slipway events list`)
  }
}
