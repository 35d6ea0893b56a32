/**
 * What `--help` prints: of everything, of a group, of a command.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { helpText } from '../../functions/cli/help.ts'
import { parse } from '../../functions/cli/parse.ts'
import { COMMANDS, GROUPS } from '../../functions/cli/table/commands.ts'
import { EXAMPLES } from '../../functions/cli/table/examples.ts'
import { ALL_SETTINGS, STORE_SETTINGS } from '../../functions/compose/setting-table.ts'

const helpFor = (...words: readonly string[]): string => {
  const wanted = parse([...words, '--help'], COMMANDS)
  if (!('about' in wanted)) throw new Error('no help')
  return helpText(wanted, GROUPS)
}

test('slipway --help names every command, and each group with what it is about', () => {
  const help = helpFor()
  expect(help).toMatch(/^Slipway, a container registry\.\n\nUsage: slipway COMMAND/)
  for (const { name } of COMMANDS) {
    const [word, verb = ''] = name.split(' ')
    expect(help).toMatch(new RegExp(`^  ${word}(?: .*${verb}|$)`, 'm'))
    if (verb !== '') expect(help).toContain(GROUPS[word ?? ''])
  }
  expect(help).not.toContain('--store')
})

test('slipway user --help shows what is of user alone', () => {
  const help = helpFor('user')
  const own = COMMANDS.filter(({ name }) => name.startsWith('user '))
  const others = COMMANDS.filter((command) => !own.includes(command))
  const ownFlags = new Set(own.flatMap(({ flags }) => Object.keys(flags)))
  for (const { name, flags } of others) {
    expect(help).not.toContain(`slipway ${name}`)
    for (const flag of Object.keys(flags)) {
      if (!ownFlags.has(flag)) expect(help).not.toContain(`--${flag}`)
    }
  }
  for (const verb of ['add <name>', 'passwd <name>', 'remove <name>', 'list']) {
    expect(help).toContain(`\n  slipway user ${verb} `)
  }
  const shown = ALL_SETTINGS.filter((name) => help.includes(`  --${name} `))
  expect(shown).toEqual(STORE_SETTINGS)
})

describe('help of a command', () => {
  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    'slipway %s --help has its usage, flags, defaults and settings',
    (name, { args, flags, settings }) => {
      const help = helpFor(...name.split(' '))
      expect(help).toContain(`\n\nUsage: slipway ${name} `)
      for (const arg of Object.keys(args)) expect(help).toContain(`<${arg}>`)
      for (const [flag, { value }] of Object.entries(flags)) {
        expect(help).toMatch(new RegExp(`^  --${flag}(?: |$)`, 'm'))
        if (value !== undefined) expect(help.replace(/\n +/g, ' ')).toContain(`(default ${value})`)
      }
      const shown = ALL_SETTINGS.filter((setting) =>
        new RegExp(`^  --${setting}(?: |$)`, 'm').test(help),
      )
      expect(new Set(shown)).toEqual(new Set(settings))
    },
  )

  test.each(COMMANDS.map(({ name }) => name))('slipway %s --help has examples that run', (name) => {
    const examples = EXAMPLES[name] ?? []
    expect(examples).not.toEqual([])
    const help = helpFor(...name.split(' '))
    for (const line of examples) {
      expect(help).toContain(`\n  slipway ${line}`)
      const words = line.replace(/ [<>] .*/, '').split(' ')
      const parsed = parse(
        words.map((word) => word.replace(/^'(.*)'$/, '$1')),
        COMMANDS,
      )
      expect('command' in parsed && parsed.command.name).toBe(name)
    }
  })

  test('has variables and defaults of settings', () => {
    expect(helpFor('serve')).toMatch(
      /\n {2}--listen +address .*\n +\(SLIPWAY_LISTEN; default 127\.0\.0\.1:5000\)/,
    )
  })

  test('fits into 96 columns', () => {
    const all = [
      [],
      ...COMMANDS.map(({ name }) => name.split(' ')),
      ...Object.keys(GROUPS).map((group) => [group]),
    ]
    const lines = all.flatMap((words) => helpFor(...words).split('\n'))
    expect(lines.filter((line) => line.length > 96)).toEqual([])
  })
})
