/**
 * Search by real clients, with an index that the server keeps while they push: each account finds what it may pull.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { run, scratch } from '../support/live/process.ts'
import { slipway } from '../support/live/registry.ts'
import { eventually } from '../support/until.ts'
import type { Account } from './support/client.ts'
import { dockerClient, startDocker29, startDockerd } from './support/daemons.ts'
import { type Guarded, startGuarded } from './support/guarded.ts'
import { sourceImage } from './support/image.ts'

const SEARCH = JSON.stringify({ version: 1, search: true, receivers: [] })

/** What an account finds of `app`. */
const FOUND = [
  ['alice', 'alice/app', 'dev/app', 'open/app'],
  ['bob', 'bob/app', 'open/app'],
  ['robot', 'dev/app', 'open/app'],
] as const

/** Starts a daemon. @returns what searches as an account, or anonymously, and what stops it */
type OpenSearch = (
  directory: string,
  address: string,
) => Promise<{
  readonly search: (query: string, account?: Account) => Promise<string>
  readonly stop: () => Promise<void>
}>

const byDocker =
  (start: typeof startDockerd | typeof startDocker29, program: string): OpenSearch =>
  async (directory, address) => {
    const daemon = await start(directory, 'd')
    const search = async (query: string, account?: Account): Promise<string> => {
      const docker = dockerClient(program, daemon.socket, mkdtempSync(join(directory, 'config-')))
      if (account) {
        const { name, password } = account
        await docker('login', '--username', name, '--password', password, address)
      }
      return docker('search', '--format', '{{.Name}}', `${address}/${query}`)
    }
    return { search, stop: daemon.stop }
  }

const byPodman: OpenSearch = async (directory, address) => ({
  async search(query, account) {
    const home = mkdtempSync(join(directory, 'home-'))
    const file = join(home, 'auth.json')
    const podman = (...args: string[]) => run('podman', args, { env: { HOME: home } })
    if (account) {
      const { name, password } = account
      const who = ['--username', name, '--password', password]
      await podman('login', '--tls-verify=false', '--authfile', file, ...who, address)
    }
    const options = ['--tls-verify=false', '--format', '{{.Name}}']
    const stored = account ? ['--authfile', file] : []
    const printed = await podman('search', ...options, ...stored, `${address}/${query}`)
    return printed.replaceAll(`${address}/`, '')
  },
  stop: async () => {},
})

/** The package of Docker 1.13.1, which is a daemon without containers; it sends passwords. */
const byDocker1: OpenSearch = async (_, address) => ({
  search: (query, account) =>
    run('docker1-search', [
      address,
      query,
      ...(account === undefined ? [] : [account.name, account.password]),
    ]),
  stop: async () => {},
})

const CLIENTS: Readonly<Record<string, OpenSearch>> = {
  'docker 20.10': byDocker(startDockerd, '/usr/bin/docker'),
  'docker 29': byDocker(startDocker29, '/usr/bin/docker'),
  'docker 1.13': byDocker1,
  podman: byPodman,
}

const linesOf = (printed: string): string[] => printed.split('\n').filter((line) => line !== '')

for (const auth of ['token', 'basic'] as const) {
  describe(`search, ${auth}`, () => {
    const files = scratch('search')
    let guarded: Guarded
    let push: (account: Account, repository: string) => Promise<unknown>
    beforeAll(async () => {
      const image = await sourceImage('small')
      guarded = await startGuarded(auth, SEARCH)
      const { alice, bob, front } = guarded
      push = async ({ name, password }, repository) => {
        const env = { DOCKER_CONFIG: mkdtempSync(join(files.path, 'crane-')) }
        await run('crane', ['auth', 'login', '-u', name, '-p', password, front.address], { env })
        await run('crane', ['push', image.layout, `${front.address}/${repository}:v1`], { env })
      }
      await push(alice, 'open/app')
      await slipway('reindex', guarded.store)
      await push(alice, 'dev/app')
      await push(alice, 'alice/app')
      await push(bob, 'bob/app')
    }, 900_000)
    afterAll(async () => {
      await guarded?.close()
      files.remove()
    })

    for (const [client, open] of Object.entries(CLIENTS)) {
      describe(client, () => {
        let opened: Awaited<ReturnType<OpenSearch>>
        beforeAll(async () => {
          const directory = mkdtempSync(join(files.path, 'client-'))
          opened = await open(directory, guarded.front.address)
        }, 900_000)
        afterAll(() => opened?.stop())

        test.each(FOUND)('%s finds what it may pull', async (who, ...names) => {
          await eventually(async () => {
            const found = linesOf(await opened.search('app', guarded[who]))
            assert.deepEqual(found.sort(), names)
          })
        })

        test('nothing is found of what there is not', async () => {
          assert.deepEqual(linesOf(await opened.search('nothing', guarded.alice)), [])
        })

        test('anonymously what everybody may pull, or nothing', async () => {
          const printed = await opened.search('app').catch((error: unknown) => String(error))
          const found = linesOf(printed)
          const refused = /401|unauthorized|authentication required/i.test(printed)
          assert.ok(refused || found.join() === 'open/app', printed)
        })
      })
    }

    test('docker searched the index', () => {
      const seen = guarded.front.exchanges.filter(({ url }) => url.startsWith('/v1/search'))
      assert.ok(seen.some(({ status }) => status === 200))
    })
  })
}
