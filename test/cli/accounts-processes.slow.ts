/**
 * The administrator's commands as processes, some at the same time.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'vitest'
import { verifyPassword } from '../../functions/auth/accounts/bcrypt.ts'
import { readHtpasswd } from '../../functions/auth/accounts/htpasswd.ts'
import { readDocument } from '../../functions/auth/document.ts'
import { openFileStore } from '../../functions/compose/file-store.ts'
import { HTPASSWD_KEY } from '../../functions/registry/layout.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { temporaryDirectory } from '../support/hosts/start.ts'
import { openBucket } from '../support/rig/stores.ts'
import { CLI } from './program.ts'

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
      const users = readHtpasswd(await readDocument(store, HTPASSWD_KEY)).users
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
    // A registry, so that there is nothing else to say.
    await openFileStore(`${path}/store`).put(HTPASSWD_KEY, Buffer.from(''))
    const bad = join(path, 'policy.yaml')
    // Otherwise each says that there is no registry yet.
    await slipway(['robot', 'add', 'ci', store], '')
    await writeFile(bad, 'version: 1\nrules: [{}]\n')
    for (const [args, expectedCode, expected] of [
      [['user', 'add', 'alice', store], 1, /^slipway: there is no terminal .*--password-stdin\n$/],
      [['user', 'remove', 'alice', store], 1, /^slipway: there is no user "alice".*\n$/],
      [
        ['user', 'list', '--keep=1d', store],
        2,
        /^slipway: slipway user list has no flag --keep.*\n$/,
      ],
      [['user', 'list', '--store', 'x'], 2, /^slipway: --store is "x".*\n$/],
      [['policy', 'check', bad], 1, /^slipway: policy, line 2, column 9: rules\[0\]\.who: .*\n$/],
      [['policy', 'check', join(path, 'none')], 1, /^slipway: ENOENT.*\n$/],
    ] as const) {
      const { code, stdout, stderr } = await slipway(args, 'secret')
      assert.deepEqual([code, stdout], [expectedCode, ''], args.join(' '))
      assert.match(stderr, expected)
    }
  })

  it('reads a policy from standard input', async () => {
    const { code, stderr } = await slipway(['policy', 'check', '-'], '{"version":1,"rules":[]}')
    assert.deepEqual([code, stderr], [0, 'The policy is valid and has 0 rules.\n'])
  })
})
