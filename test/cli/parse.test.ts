/**
 * The command line's words: what they become, and what is said of wrong ones.
 *
 * @module
 */

import { describe, expect, test } from 'vitest'
import { UsageError } from '../../functions/cli/errors.ts'
import { parse } from '../../functions/cli/parse.ts'
import { COMMANDS } from '../../functions/cli/table/commands.ts'
import { SETTINGS } from '../../functions/compose/setting-table.ts'

const DAY = 86_400_000

/** What a command line becomes: command, arguments, flags, settings. */
type Right = readonly [
  line: string,
  name: string,
  args: object,
  flags: object,
  settings: readonly string[],
]

const RIGHT: readonly Right[] = [
  ['serve', 'serve', {}, {}, []],
  ['serve --listen :1 --auth=off', 'serve', {}, {}, ['--listen=:1', '--auth=off']],
  ['user list', 'user list', {}, {}, []],
  ['user add alice', 'user add', { name: 'alice' }, { 'password-stdin': false }, []],
  [
    '--store file:x user --password-stdin add --s3-region=r alice',
    'user add',
    { name: 'alice' },
    { 'password-stdin': true },
    ['--store=file:x', '--s3-region=r'],
  ],
  ['user add -- --alice', 'user add', { name: '--alice' }, { 'password-stdin': false }, []],
  ...(
    [
      ['', { expires: 90 * DAY, 'without-secret': false }],
      [' --expires never', { expires: null, 'without-secret': false }],
      [' --expires 1d --expires=2d', { expires: 2 * DAY, 'without-secret': false }],
      [' --without-secret', { expires: 90 * DAY, 'without-secret': true }],
    ] as const
  ).map(
    ([given, flags]): Right => [`robot add ci${given}`, 'robot add', { name: 'ci' }, flags, []],
  ),
  ['robot bind ci', 'robot bind', { name: 'ci' }, { claim: [] }, []],
  [
    'robot bind ci --claim iss=a --claim=sub=b --claim sub=b',
    'robot bind',
    { name: 'ci' },
    { claim: ['iss=a', 'sub=b', 'sub=b'] },
    [],
  ],
  ['robot rotate ci --keep 0', 'robot rotate', { name: 'ci' }, { expires: 90 * DAY, keep: 0 }, []],
  [
    'robot rotate ci --keep 30m',
    'robot rotate',
    { name: 'ci' },
    { expires: 90 * DAY, keep: 1_800_000 },
    [],
  ],
  [
    'robot rotate ci --keep 12h',
    'robot rotate',
    { name: 'ci' },
    { expires: 90 * DAY, keep: DAY / 2 },
    [],
  ],
  ['keys certificates --expires 1y', 'keys certificates', {}, { expires: 365 * DAY }, []],
  ['group add dev a b', 'group add', { group: 'dev', member: ['a', 'b'] }, {}, []],
  ['group remove dev', 'group remove', { group: 'dev', member: [] }, {}, []],
  ['policy check -', 'policy check', { file: '-' }, {}, []],
  [
    'smoke https://a --user x',
    'smoke',
    { address: 'https://a' },
    { user: 'x', repository: undefined, 'put-1gb': false },
    [],
  ],
]

describe('right command lines', () => {
  test.each(RIGHT)('slipway %s', (line, name, args, flags, settings) => {
    const call = parse(line.split(' '), COMMANDS)
    expect(call).toMatchObject({ command: { name }, settings })
    expect(call).toHaveProperty('args', args)
    // Most commands have this one.
    const { 'plain-http': plain = false, ...others } = 'flags' in call ? call.flags : {}
    expect(plain).toBe(false)
    expect(others).toEqual(flags)
  })
})

/** What help is about, and how many commands that is. */
const HELP: readonly (readonly [line: string, about: string, commands: number])[] = [
  ['', '', COMMANDS.length],
  ['--help', '', COMMANDS.length],
  ['-h', '', COMMANDS.length],
  ['help', '', COMMANDS.length],
  ['help --store x', '', COMMANDS.length],
  ['user --help', 'user', 5],
  ['help user', 'user', 5],
  ['user add -h', 'user add', 1],
  ['help user add', 'user add', 1],
  ['user add --help --nothing more words', 'user add', 1],
  ['serve -h', 'serve', 1],
]

describe('questions for help', () => {
  test.each(HELP)('slipway %s', (line, about, count) => {
    const wanted = parse(line.split(' ').filter(Boolean), COMMANDS)
    expect(wanted).toHaveProperty('about', about)
    expect(wanted).toHaveProperty('commands.length', count)
  })

  test('a user may be called help', () => {
    expect(parse(['user', 'add', 'help'], COMMANDS)).toHaveProperty('args.name', 'help')
  })
})

const WRONG: readonly (readonly [line: string, message: string])[] = [
  ['ship', 'there is no command "ship": see slipway --help'],
  ['sreve', 'there is no command "sreve": did you mean serve?'],
  ['frobnicate --help', 'there is no command "frobnicate": see slipway --help'],
  ['user', 'slipway user needs add, import, passwd, remove or list: see slipway user --help'],
  ['user lsit', 'there is no command "user lsit": did you mean user list?'],
  [
    'user rename a b',
    'there is no command "user rename": slipway user has add, import, passwd, remove and list',
  ],
  ['--store x', '--store needs a command to go with: see slipway --help'],
  ['serve --port=1', 'slipway serve has no flag --port: see slipway serve --help'],
  ['serve --lisen :1', 'slipway serve has no flag --lisen: did you mean --listen?'],
  ['serve -x', 'slipway serve has no flag -x: see slipway serve --help'],
  ['serve --no-redirects', 'slipway serve has no flag --no-redirects: did you mean --redirects?'],
  [
    'user list --listen :1',
    'slipway user list has no flag --listen: it is a flag of slipway serve and slipway proxy',
  ],
  [
    'user list --keep=1d',
    'slipway user list has no flag --keep: it is a flag of slipway robot rotate',
  ],
  [
    'smoke https://a --store x',
    'slipway smoke has no flag --store: it is a flag of slipway serve and slipway reindex',
  ],
  ['user list --store', '--store needs a value'],
  ['user list --store --s3-region x', '--store needs a value, and --s3-region looks like a flag'],
  ['user add a --password-stdin=hunter2', '--password-stdin takes no value'],
  ['user add', '<name> is missing: usage: slipway user add <name> [flags]'],
  ['user add alice hunter2', 'too many arguments: usage: slipway user add <name> [flags]'],
  ['user list all', 'too many arguments: usage: slipway user list [flags]'],
  ['group add dev', '<member> is missing: usage: slipway group add <group> <member>... [flags]'],
  ['group remove', '<group> is missing: usage: slipway group remove <group> [<member>...] [flags]'],
  ...['90', '-1d', '999y', '', '1w', '0d0', '1.5d'].map((value): [string, string] => [
    `robot add ci --expires=${value}`,
    `--expires is "${value}": expected a time, as in 90d, 12h or 30m, or never`,
  ]),
  ['robot bind ci --claim', '--claim needs a value'],
  ['robot add ci --expires 0', '--expires is "0": it would expire at once'],
  ['robot add ci --expires=0d', '--expires is "0d": it would expire at once'],
  ['robot rotate ci --keep never', '--keep is "never": expected a time, as in 90d, 12h or 30m'],
  ['robot rotate ci --keep -1d', '--keep is "-1d": expected a time, as in 90d, 12h or 30m'],
]

describe('wrong command lines', () => {
  test.each(WRONG)('slipway %s', (line, message) => {
    expect(() => parse(line.split(' '), COMMANDS)).toThrow(new UsageError(message))
  })
})

describe('the table', () => {
  test('names each command once, in one word or two', () => {
    const names = COMMANDS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !/^[a-z-]+(?: [a-z]+)?$/.test(name))).toEqual([])
    const groups = new Set(
      names.filter((name) => name.includes(' ')).map((name) => name.split(' ')[0]),
    )
    expect(names.filter((name) => groups.has(name))).toEqual([])
  })

  test('has flags of one kind each, and none that is a setting', () => {
    const kinds = new Map<string, boolean>()
    for (const { name, flags, settings } of COMMANDS) {
      for (const [flag, { placeholder }] of Object.entries(flags)) {
        const valued = placeholder !== undefined
        expect(kinds.get(flag) ?? valued, `--${flag} of ${name}`).toBe(valued)
        kinds.set(flag, valued)
        expect(settings).not.toContain(flag)
      }
    }
    for (const flag of kinds.keys()) expect(Object.keys(SETTINGS)).not.toContain(flag)
  })
})
