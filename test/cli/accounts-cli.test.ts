/**
 * The administrator's commands: as functions on both stores, and as processes at the same time.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, it, type TestContext } from 'vitest'
import { createAccounts } from '../../functions/auth/accounts/accounts.ts'
import { verifyPassword } from '../../functions/auth/accounts/bcrypt.ts'
import { parseHtpasswd } from '../../functions/auth/accounts/htpasswd.ts'
import { readDocument } from '../../functions/auth/document.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { allowedActions } from '../../functions/auth/policy/policy.ts'
import { createThrottle } from '../../functions/auth/throttle.ts'
import { groupCommand, robotCommand, userCommand } from '../../functions/cli/account-commands.ts'
import { divideArguments, readSpan } from '../../functions/cli/command.ts'
import { policyCommand } from '../../functions/cli/policy-commands.ts'
import { SettingsError } from '../../functions/compose/errors.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import {
  GROUPS_KEY,
  HTPASSWD_KEY,
  POLICY_KEY,
  ROBOTS_KEY,
} from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { createClock, write } from '../auth/harness.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { type OpenedStore, openBucket, openFiles, STORES } from '../support/rig/stores.ts'

const COMMANDS = {
  user: userCommand,
  robot: robotCommand,
  group: groupCommand,
  policy: policyCommand,
}
const KINDS = { expires: 'value', keep: 'value', 'password-stdin': 'switch' } as const

/** A desk from which commands are given, and accounts as a registry has them. */
const openDesk = async (t: TestContext, open: () => Promise<OpenedStore>) => {
  const { store, close } = await open()
  t.onTestFinished(close)
  const clock = createClock()
  const desk = {
    printed: [] as string[],
    said: '',
    password: 'secret',
    files: {} as Record<string, string>,
  }
  const accounts = createAccounts({
    store,
    now: clock.now,
    report: () => undefined,
    throttle: createThrottle(clock.now),
  })
  const give = async (line: string): Promise<string[]> => {
    desk.printed = []
    desk.said = ''
    const [command, ...args] = line.split(' ')
    const { words, flags } = divideArguments(args, KINDS)
    await COMMANDS[command as keyof typeof COMMANDS](
      {
        store,
        now: clock.now,
        print: (text) => desk.printed.push(text),
        say: (text) => {
          desk.said += `${text}\n`
        },
        readPassword: async () => desk.password,
        readFile: async (path) => desk.files[path] ?? assert.fail(`no file ${path}`),
      },
      words,
      flags,
    )
    clock.pass(60_000)
    return desk.printed
  }
  const logIn = async (name: string, password: string) =>
    (await accounts.authenticate(name, password, '192.0.2.1'))?.identity
  return { store, clock, desk, give, logIn }
}

const mistake = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SettingsError, String(error))
  assert.match(error.message, message)
  return true
}

for (const [storeName, open] of STORES) {
  describe(`commands on ${storeName}`, () => {
    it('add, change, list and remove users, as a registry sees within a minute', async (t) => {
      const { store, desk, give, logIn } = await openDesk(t, open)
      assert.equal(await logIn('alice', 'secret'), undefined)
      await give('user add alice')
      assert.match(desk.said, /Added the user alice\.\nThere was no policy/)
      assert.equal((await logIn('alice', 'secret'))?.name, 'alice')
      const policy = parsePolicy((await readDocument(store, POLICY_KEY))!)
      assert.deepEqual(allowedActions(policy, (await logIn('alice', 'secret'))!, 'a/b').length, 3)
      assert.deepEqual(allowedActions(policy, (await logIn('', ''))!, 'a/b'), [])

      await write(store, POLICY_KEY, '{"version":1,"rules":[]}')
      await give('user add bob --password-stdin')
      assert.equal(await readDocument(store, POLICY_KEY), '{"version":1,"rules":[]}')
      assert.doesNotMatch(desk.said, /policy/)
      await assert.rejects(give('user add bob'), mistake(/there is a user bob already/))
      await assert.rejects(give('user passwd carol'), mistake(/there is no user carol/))

      desk.password = 'changed'
      await give('user passwd alice')
      assert.equal(await logIn('alice', 'secret'), undefined)
      assert.ok(await logIn('alice', 'changed'))
      assert.ok(await logIn('bob', 'secret'))

      await give('group add dev alice bob')
      assert.deepEqual(await give('user list'), ['alice\tdev', 'bob\tdev'])
      await give('user remove alice')
      assert.equal(await logIn('alice', 'changed'), undefined)
      assert.equal(await readDocument(store, GROUPS_KEY), 'dev: bob\n')
      assert.deepEqual(await give('user list'), ['bob\tdev'])
      await assert.rejects(give('user remove alice'), mistake(/there is no user "alice"/))
    })

    it('add, rotate, list and remove robots', async (t) => {
      const { store, clock, desk, give, logIn } = await openDesk(t, open)
      const [first = ''] = await give('robot add ci --expires 10d')
      assert.match(first, /^slipway_.{43}$/)
      assert.match(desk.said, /There is no policy/)
      assert.ok(!desk.said.includes(first))
      assert.ok(!(await readDocument(store, ROBOTS_KEY))!.includes(first))
      assert.equal((await logIn('robot+ci', first))?.kind, 'robot')
      await assert.rejects(give('robot add ci'), mistake(/there is a robot ci already/))
      await give('group add bots robot+ci')

      const [second = ''] = await give('robot rotate robot+ci --keep 1h')
      assert.ok((await logIn('robot+ci', first)) && (await logIn('robot+ci', second)))
      assert.match(
        (await give('robot list')).join(),
        /^robot\+ci\t\w{8} until 2030.*, \w{8} until 2030.*\tbots$/,
      )
      clock.pass(60 * 60_000)
      assert.equal(await logIn('robot+ci', first), undefined)
      assert.ok(await logIn('robot+ci', second))

      const [third = ''] = await give('robot rotate ci --keep 0 --expires never')
      assert.equal(await logIn('robot+ci', second), undefined)
      clock.pass(10_000 * 24 * 60 * 60_000)
      assert.ok(await logIn('robot+ci', third))

      await give('robot remove ci')
      assert.equal(await logIn('robot+ci', third), undefined)
      assert.equal(await readDocument(store, GROUPS_KEY), 'bots:\n')
      await assert.rejects(give('robot rotate ci'), mistake(/there is no robot ci/))
      await assert.rejects(give('robot remove ci'), mistake(/there is no robot "ci"/))
      await give('robot add ci')
      clock.pass(89 * 24 * 60 * 60_000)
      assert.match((await give('robot list')).join(), /until 2057/)
      clock.pass(24 * 60 * 60_000)
      assert.deepEqual(await give('robot list'), ['robot+ci\tno secret that has not ended'])
    })

    it('add, list and remove groups', async (t) => {
      const { store, desk, give } = await openDesk(t, open)
      await write(store, GROUPS_KEY, '# mine\n')
      await give('group add dev alice robot+ci')
      assert.match(desk.said, /no account alice so far\.\nThere is no account robot\+ci/)
      await give('group add ops alice')
      await give('group add dev bob alice')
      assert.deepEqual(await give('group list'), ['dev\talice\trobot+ci\tbob', 'ops\talice'])
      await give('group remove dev alice bob')
      await give('group remove ops')
      assert.equal(await readDocument(store, GROUPS_KEY), '# mine\ndev: robot+ci\n')
      await assert.rejects(give('group remove ops'), mistake(/there is no group "ops"/))
      await assert.rejects(give('group remove dev bob'), mistake(/"bob" is not in the group dev/))
      await assert.rejects(give('group add dev a:b'), mistake(/"a:b" is no name of a user/))
    })

    it('check, set and show the policy', async (t) => {
      const { store, desk, give } = await openDesk(t, open)
      await assert.rejects(give('policy show'), mistake(/there is no policy/))
      desk.files.good = '# mine\nversion: 1\nrules: []\n'
      desk.files.bad = 'version: 1\nrules:\n  - who: [all]\n'
      await give('policy check good')
      assert.match(desk.said, /valid and has 0 rules/)
      assert.equal(await readDocument(store, POLICY_KEY), undefined)
      await give('policy set good')
      assert.match(desk.said, /It is set/)
      await give('policy set good')
      assert.match(desk.said, /set already/)
      for (const verb of ['check', 'set']) {
        await assert.rejects(give(`policy ${verb} bad`), { name: 'PolicyError', message: /line 3/ })
      }
      assert.deepEqual(await give('policy show'), [desk.files.good.trimEnd()])
      assert.equal(await readDocument(store, POLICY_KEY), desk.files.good)
    })
  })
}

describe('commands refuse', () => {
  for (const [line, message] of [
    ['user', /usage: slipway user add\|passwd\|remove\|list/],
    ['user rename a b', /usage/],
    ['user add', /something is missing/],
    [
      'user add alice hunter2',
      /^usage: slipway user add <name> \[--password-stdin\] \(there is more\)$/,
    ],
    ['user add robot+ci', /names of robots/],
    ['user add a:b', /colon/],
    ['user remove', /missing/],
    ['user list all', /more/],
    ['robot', /usage/],
    ['robot add CI', /"CI" is no name of a robot/],
    ['robot add ci --expires 90', /--expires is "90": expected a time as 90d/],
    ['robot add ci --expires -1d', /--expires is "-1d"/],
    ['robot add ci --expires 0', /--expires is 0/],
    ['robot add ci --expires 0d', /--expires is 0/],
    ['robot add ci --expires 999y', /--expires is "999y"/],
    ['robot add ci --expires', /--expires needs a value/],
    ['robot rotate ci --keep soon', /--keep is "soon"/],
    ['group', /usage/],
    ['group add dev', /missing/],
    ['group remove', /missing/],
    ['policy', /usage/],
    ['policy set', /missing/],
    ['policy show x', /more/],
  ] as const) {
    it(line, async (t) => {
      const { store, give } = await openDesk(t, openFiles)
      await assert.rejects(give(line), mistake(message))
      assert.deepEqual((await store.list('')).objects, [])
    })
  }

  for (const [name, password, message] of [
    ['empty', '', /empty/],
    ['longer than bcrypt looks at', 'a'.repeat(73), /73 bytes/],
  ] as const) {
    it(`a password that is ${name}`, async (t) => {
      const { store, desk, give } = await openDesk(t, openFiles)
      desk.password = password
      await assert.rejects(give('user add alice'), mistake(message))
      assert.equal(await readDocument(store, HTPASSWD_KEY), undefined)
    })
  }

  it('to change a document that is not as it must be', async (t) => {
    const { store, give } = await openDesk(t, openFiles)
    await write(store, HTPASSWD_KEY, 'bob:{SHA}x\n')
    await assert.rejects(give('user add alice'), { name: 'DocumentError' })
    assert.equal(await readDocument(store, HTPASSWD_KEY), 'bob:{SHA}x\n')
  })
})

describe('arguments', () => {
  it('are words, own flags and settings, in any order', () => {
    const divided = divideArguments(
      [
        '--store',
        'file:x',
        'add',
        '--keep=1d',
        '--s3-region=r',
        'a',
        '--expires',
        '2d',
        '--password-stdin',
      ],
      KINDS,
    )
    assert.deepEqual(divided.words, ['add', 'a'])
    assert.deepEqual(divided.settings, ['--store', 'file:x', '--s3-region=r'])
    assert.deepEqual(
      [...divided.flags],
      [
        ['keep', '1d'],
        ['expires', '2d'],
        ['password-stdin', 'on'],
      ],
    )
    assert.throws(() => divideArguments(['--password-stdin=x'], KINDS), SettingsError)
  })

  for (const [span, expected] of [
    ['0', 0],
    ['30m', 30 * 60_000],
    ['12h', 12 * 3_600_000],
    ['90d', 90 * 86_400_000],
    ['1y', 365 * 86_400_000],
  ] as const) {
    it(`${span} is ${expected} ms`, () => assert.equal(readSpan('keep', span), expected))
  }
})

const CLI = fileURLToPath(new URL('../../functions/handlers/cli.ts', import.meta.url))

/** Runs `slipway` to its end with some input. */
const slipway = async (
  args: readonly string[],
  input: string,
  env: Record<string, string> = {},
) => {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: 'pipe',
    env: { PATH: process.env.PATH, ...env },
  })
  child.stdin.end(input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}

/** A store that processes can open: its settings, and what this process sees of it. */
const PLACES: readonly (readonly [
  string,
  (
    t: TestContext,
  ) => Promise<{ store: ObjectStore; settings: string[]; env: Record<string, string> }>,
])[] = [
  [
    'file store',
    async (t) => {
      const { path, remove } = await temporaryDirectory()
      t.onTestFinished(remove)
      return { store: openFileStore(path), settings: [`--store=file:${path}`], env: {} }
    },
  ],
  [
    'S3',
    async (t) => {
      const { store, s3, close } = await openBucket()
      t.onTestFinished(close)
      return {
        store,
        settings: [
          '--store',
          `s3://${s3.bucket}`,
          '--s3-endpoint',
          s3.endpoint,
          `--s3-region=${s3.region}`,
        ],
        env: { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey },
      }
    },
  ],
]

for (const [name, place] of PLACES) {
  describe(`processes on ${name}`, () => {
    it('lose none of the users that others add at the same time', async (t) => {
      const { store, settings, env } = await place(t)
      const names = Array.from({ length: 6 }, (_, index) => `user-${index}`)
      const results = await Promise.all(
        names.map((each) =>
          slipway(['user', 'add', each, '--password-stdin', ...settings], `of ${each}\r\n`, env),
        ),
      )
      for (const { code, stdout, stderr } of results)
        assert.deepEqual([code, stdout], [0, ''], stderr)
      const started = results.filter(({ stderr }) => stderr.includes('There was no policy'))
      assert.equal(started.length, 1, 'one of them writes the policy')
      const users = parseHtpasswd(await readDocument(store, HTPASSWD_KEY))
      assert.deepEqual([...users.keys()].toSorted(), names)
      for (const each of names)
        assert.ok(await verifyPassword(`of ${each}`, users.get(each)!), each)
    })
  })
}

describe('a process', () => {
  it('prints only the secret of a robot to standard output', async (t) => {
    const { path, remove } = await temporaryDirectory()
    t.onTestFinished(remove)
    const { code, stdout, stderr } = await slipway(
      ['robot', 'add', 'ci', `--store=file:${path}`],
      '',
    )
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^slipway_[\w-]{43}\n$/)
    assert.ok(!stderr.includes(stdout.trim()))
  })

  it('says mistakes in a line, and asks for no password without a terminal', async (t) => {
    const { path, remove } = await temporaryDirectory()
    t.onTestFinished(remove)
    const store = `--store=file:${path}/store`
    const bad = join(path, 'policy.yaml')
    await writeFile(bad, 'version: 1\nrules: [{}]\n')
    for (const [args, expected] of [
      [['user', 'add', 'alice', store], /^slipway: there is no terminal .*--password-stdin\n$/],
      [['user', 'remove', 'alice', store], /^slipway: there is no user "alice".*\n$/],
      [['user', 'list', '--keep=1d', store], /^slipway: slipway user list has no flag --keep.*\n$/],
      [
        ['robot', 'add', 'ci', '--keep=1d', store],
        /^slipway: slipway robot add has no flag --keep/,
      ],
      [['user', 'list', store, '--port', '1'], /^slipway: Unknown option '--port'.*\n$/],
      [['user', 'list', '--store', 'x'], /^slipway: --store is "x".*\n$/],
      [['policy', 'check', bad], /^slipway: policy, line 2, column 9: rules\[0\]\.who: .*\n$/],
      [['policy', 'check', join(path, 'none')], /^slipway: ENOENT.*\n$/],
    ] as const) {
      const { code, stdout, stderr } = await slipway(args, 'secret')
      assert.deepEqual([code, stdout], [1, ''], args.join(' '))
      assert.match(stderr, expected)
    }
  })

  it('reads a policy from standard input', async () => {
    const { code, stderr } = await slipway(['policy', 'check', '-'], '{"version":1,"rules":[]}')
    assert.deepEqual([code, stderr], [0, 'The policy is valid and has 0 rules.\n'])
  })
})
