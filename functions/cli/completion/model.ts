/**
 * What can be completed, made of the table of commands that help comes from.
 *
 * @module
 */

import { SETTINGS } from '../../compose/setting-table.ts'
import type { Command } from '../command.ts'
import type { Flag } from '../flags.ts'
import type { Groups } from '../help.ts'

/** What a value is completed with: words, files, or nothing that is known. */
export type Values = readonly string[] | 'files'

/** A word, with what it is about. */
export interface Word {
  readonly word: string
  readonly help: string
}

/** A command, as completion has it. */
export interface CompletedCommand {
  readonly name: string
  readonly flags: readonly Word[]
  /** Of its arguments, one after the other; the last one goes on. */
  readonly args: readonly Values[]
}

/** All that is completed. */
export interface Completed {
  /** What a command line begins with. */
  readonly first: readonly Word[]
  /** What comes after the first word of a group. */
  readonly verbs: Readonly<Record<string, readonly Word[]>>
  readonly commands: readonly CompletedCommand[]
  /** Flags that have a value, and what it may be. */
  readonly valued: Readonly<Record<string, Values>>
}

/** Placeholders and arguments that stand for files. */
const OF_FILES = /^(?:FILE|DIR|DIRECTORY)$/i

/** Settings that are paths, though their schema does not say so. */
const PATHS = /\bfile with\b/

/** Names of values in a help text. */
const named = (text: string): string[] => text.match(/[a-z][a-z0-9-]*/g) ?? []

/** What the schema of a setting takes of the words that its help has; nothing where it takes any text. */
const wordsOf = ({ schema, value, help }: (typeof SETTINGS)[keyof typeof SETTINGS]): Values => {
  if (PATHS.test(help)) return 'files'
  const takes = (text: string): boolean => schema.safeParse(text).success
  if (takes('no-such-word')) return []
  return [...new Set([...named(value), ...named(help), 'on', 'off'])].filter(takes).sort()
}

const valuesOf = ({ placeholder = '' }: Flag<unknown>): Values => {
  if (OF_FILES.test(placeholder)) return 'files'
  return placeholder.includes('|')
    ? placeholder.split('|').filter((each) => !/[A-Z]/.test(each))
    : []
}

const sentence = (help: string): string => help.split('\n')[0] ?? ''

const flagsOf = ({ flags, settings }: Command): Word[] => [
  ...Object.entries(flags).map(([name, { help }]) => ({ word: `--${name}`, help })),
  ...settings.map((name) => ({ word: `--${name}`, help: SETTINGS[name].help })),
  { word: '--help', help: 'show the flags and settings of the command' },
]

/** Makes what is completed. @param groups what each group of commands is about */
export const completedOf = (table: readonly Command[], groups: Groups): Completed => {
  const heads = [...new Set(table.map(({ name }) => name.split(' ')[0]!))]
  const alone = new Map(table.map(({ name, help }) => [name, sentence(help)]))
  const valued = new Map<string, Values>()
  for (const { flags, settings } of table) {
    for (const name of settings) valued.set(name, wordsOf(SETTINGS[name]))
    for (const [name, flag] of Object.entries(flags)) {
      if (flag.placeholder !== undefined) valued.set(name, valuesOf(flag))
    }
  }
  return {
    first: [
      ...heads.map((word) => ({ word, help: alone.get(word) ?? groups[word] ?? '' })),
      { word: 'help', help: 'show the commands, or the flags of one' },
      { word: 'version', help: 'print the version' },
    ],
    verbs: Object.fromEntries(
      heads
        .filter((head) => !alone.has(head))
        .map((head) => [
          head,
          table
            .filter(({ name }) => name.startsWith(`${head} `))
            .map(({ name, help }) => ({
              word: name.slice(head.length + 1),
              help: sentence(help),
            })),
        ]),
    ),
    commands: table.map((command) => ({
      name: command.name,
      flags: flagsOf(command),
      args: Object.keys(command.args).map(
        (arg): Values => command.words?.[arg] ?? (OF_FILES.test(arg) ? 'files' : []),
      ),
    })),
    valued: Object.fromEntries(valued),
  }
}
