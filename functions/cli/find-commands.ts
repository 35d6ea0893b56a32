/**
 * Finds the commands that words name.
 *
 * @module
 */

import { nearest } from '../shared/nearest.ts'
import type { Command } from './command.ts'
import { UsageError } from './errors.ts'
import { listed } from './usage.ts'

/** Commands that were found. */
export interface Found {
  /** One command, or all of a group. */
  readonly commands: readonly Command[]
  /** How many words name them. */
  readonly used: number
}

const noSuch = (words: string, near: string | undefined, otherwise: string): UsageError => {
  const hint = near === undefined ? otherwise : `did you mean ${near}?`
  return new UsageError(`there is no command ${JSON.stringify(words)}: ${hint}`)
}

/**
 * Finds the command that words begin with, or the group where they only name that.
 *
 * @throws UsageError for words that name none, with the nearest that do
 */
export const findCommands = (words: readonly string[], table: readonly Command[]): Found => {
  const [word = '', verb] = words
  const group = table.filter(({ name }) => name.split(' ')[0] === word)
  if (group.length === 0) {
    const near = nearest(word, new Set(table.map(({ name }) => name.split(' ')[0]!)))
    throw noSuch(word, near, 'see slipway --help')
  }
  if (verb === undefined || group[0]?.name === word) return { commands: group, used: 1 }
  const commands = group.filter(({ name }) => name === `${word} ${verb}`)
  if (commands.length > 0) return { commands, used: 2 }
  const verbs = group.map(({ name }) => name.slice(word.length + 1))
  const near = nearest(verb, verbs)
  throw noSuch(
    `${word} ${verb}`,
    near && `${word} ${near}`,
    `slipway ${word} has ${listed(verbs, 'and')}`,
  )
}
