/**
 * What `--help` prints, made of the table.
 *
 * @module
 */

import { settingUsage } from '../compose/settings.ts'
import type { Command } from './command.ts'
import type { HelpWanted } from './parse.ts'
import { EXAMPLES } from './table/examples.ts'
import { flagUsage, usageOf } from './usage.ts'

/** Columns of help. */
const WIDTH = 96

/** A text broken into lines of at most so many characters; a longer word has a line to itself. */
const wrapped = (text: string, width: number): string[] => {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

/** A row of two columns; the second goes below a first that is too long. */
const row = (first: string, second: string, indent: number, width: number): string[] => {
  const head = `${' '.repeat(indent)}${first}`
  const lines = wrapped(second, WIDTH - width).map((line) => `${' '.repeat(width)}${line}`)
  const fits = head.length + 2 <= width
  return fits
    ? [head.padEnd(width) + (lines[0] ?? '').trimStart(), ...lines.slice(1)]
    : [head, ...lines]
}

/** What the commands of a group have in common. */
export type Groups = Readonly<Record<string, string>>

const overview = (commands: readonly Command[], groups: Groups): string[] => {
  const words = new Set(commands.map(({ name }) => name.split(' ')[0]!))
  const lines = [...words].flatMap((word) => {
    const verbs = commands.filter(({ name }) => name.startsWith(`${word} `))
    const alone = commands.find(({ name }) => name === word)
    const what =
      alone?.help ??
      `${groups[word]}: ${verbs.map(({ name }) => name.slice(word.length + 1)).join(', ')}`
    return row(word, what, 2, 14)
  })
  return [
    'Slipway, a container registry.',
    '',
    'Usage: slipway COMMAND [flags]',
    '',
    ...lines,
    '',
    '`slipway --registry https://HOST COMMAND` works from afar, by the admin API of a registry.',
    '`slipway COMMAND --help` shows the flags and settings of a command.',
    '`slipway --version` prints the version.',
    'Exit codes: 0 done, 1 failed, 2 the command line or a setting is wrong.',
  ]
}

const flagLines = ({ flags }: Command, indent: number): string[] =>
  Object.entries(flags).flatMap(([name, flag]) => {
    const value = flag.value === undefined ? '' : ` (default ${flag.value})`
    return row(flagUsage(name, flag), flag.help + value, indent, indent + 24)
  })

const settingLines = (commands: readonly Command[]): string[] => {
  const names = new Set(commands.flatMap(({ settings }) => settings))
  if (names.size === 0) return []
  const usages = [...names].map(settingUsage)
  // Indented by two, with two between the columns.
  const width = Math.max(...usages.map(({ flag }) => flag.length)) + 4
  const lines = usages.flatMap(({ flag, help, variable, value }) => [
    ...row(flag, help, 2, width),
    `${' '.repeat(width)}(${variable}; default ${value})`,
  ])
  const credentials = names.has('store')
    ? [
        '',
        'Credentials for S3 come from where the AWS SDK looks: AWS_ACCESS_KEY_ID and',
        'AWS_SECRET_ACCESS_KEY, a profile, or the role of the machine.',
      ]
    : []
  return ['', 'Settings, as flags or in the environment:', ...lines, ...credentials]
}

const exampleLines = ({ name }: Command): string[] => {
  const lines = EXAMPLES[name] ?? []
  if (lines.length === 0) return []
  return [
    '',
    lines.length === 1 ? 'Example:' : 'Examples:',
    ...lines.map((line) => `  slipway ${line}`),
  ]
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

const about = ({ about: words, commands }: HelpWanted, groups: Groups): string[] => {
  const [only] = commands
  const title = only?.name === words ? only.help : (groups[words] ?? words)
  const alone = commands.length === 1
  return [
    `${capital(title)}.`,
    '',
    alone ? `Usage: ${usageOf(only!)} [flags]` : 'Usage:',
    ...commands.flatMap((command) => [
      ...(alone ? [] : row(usageOf(command), command.help, 2, 50)),
      ...(alone && Object.keys(command.flags).length > 0 ? [''] : []),
      ...flagLines(command, alone ? 2 : 6),
    ]),
    ...(alone && only?.more !== undefined ? ['', ...wrapped(only.more, WIDTH)] : []),
    ...(alone ? exampleLines(only!) : []),
    ...settingLines(commands),
  ]
}

/**
 * Help as it was asked for.
 *
 * @param groups what each group of commands is about
 */
export const helpText = (wanted: HelpWanted, groups: Groups): string =>
  (wanted.about === '' ? overview(wanted.commands, groups) : about(wanted, groups)).join('\n')
