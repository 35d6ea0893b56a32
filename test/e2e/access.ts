/**
 * Clients with accounts: they log in, push and pull what the policy allows, and are denied the rest.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { scratch } from '../support/live/process.ts'
import type { Exchange } from '../support/live/proxy.ts'
import type { Account, Client } from './support/client.ts'
import { clients } from './support/clients.ts'
import { type Guarded, startGuarded } from './support/guarded.ts'
import { sourceImage } from './support/image.ts'
import { logsIn } from './support/pairs.ts'

/** What clients print when access is denied; some pass on the registry's message. */
const REFUSED =
  /unauthorized|denied|403:? \(?forbidden|authentication required|authorization failed|invalid username|basic (auth )?credential/i

/** Declares the tests for the clients that log in this way. */
export const accessTests = (auth: 'token' | 'basic'): void => {
  for (const [name, open] of Object.entries(clients).filter(([name]) => logsIn(name, auth))) {
    describe(`${name}, ${auth}`, () => {
      const files = scratch(`access-${name}`)
      let guarded: Guarded
      let client: Client
      beforeAll(async () => {
        const image = await sourceImage('small')
        guarded = await startGuarded(auth)
        client = await open({ address: guarded.front.address, directory: files.path, image })
      }, 900_000)
      afterAll(async () => {
        await client?.close?.()
        await guarded?.close()
        files.remove()
      })

      const at = (repository: string) => `${guarded.front.address}/${repository}:v1`
      const loggedIn = async (account: Account) => {
        const session = client.as(account)
        await session.logIn?.()
        return session
      }
      /** The requests made while `body` ran. */
      const during = async (body: () => Promise<unknown>) => {
        const seen = guarded.front.exchanges.length
        await body()
        return guarded.front.exchanges.slice(seen)
      }

      test('is denied with a wrong password', async () => {
        const { name: who } = guarded.alice
        const session = client.as({ name: who, password: 'not the password' })
        // crane stores any password unchecked, and ctr stores none: both find out when they push.
        const logInAndPush = async () => {
          await session.logIn?.()
          await session.push(at('open/app'))
        }
        await assert.rejects(logInAndPush, REFUSED)
      })

      let pushed = ''
      test('pushes where the account may', async () => {
        const session = await loggedIn(guarded.alice)
        pushed = await session.push(at('dev/app'))
        assert.equal(await session.push(at('alice/app')), pushed)
      })

      test('pulls where the account may', async () => {
        const session = await loggedIn(guarded.alice)
        assert.equal(await session.pull(at('dev/app')), pushed)
      })

      /** Statuses of the responses to requests that mount a blob. */
      const mounts = (exchanges: readonly Exchange[]): number[] =>
        exchanges
          .filter(({ method, url }) => method === 'POST' && /[?&]mount=/.test(url))
          .map(({ status }) => status)

      test('mounts what the account may pull', async () => {
        const { alice } = guarded
        const seen = await during(() => client.copy(at('dev/app'), alice, at('alice/copy'), alice))
        const statuses = mounts(seen)
        assert.ok(statuses.includes(201), `responses to mounts: ${statuses}`)
        assert.equal(await (await loggedIn(alice)).pull(at('alice/copy')), pushed)
      })

      // This must run while the blobs are in no repository that the account may pull.
      test('uploads what the account may not pull', async () => {
        const { alice, bob } = guarded
        if (client.oneAccount) {
          await assert.rejects(client.copy(at('dev/app'), bob, at('bob/copy'), bob), REFUSED)
          return
        }
        const seen = await during(() => client.copy(at('dev/app'), alice, at('bob/copy'), bob))
        const statuses = mounts(seen)
        const expected = client.mountsOwn ? [] : [202]
        assert.deepEqual([...new Set(statuses.filter((status) => status !== 401))], expected)
        assert.equal(await (await loggedIn(bob)).pull(at('bob/copy')), pushed)
      })

      test('pulls anonymously where everybody may', async () => {
        await (await loggedIn(guarded.alice)).push(at('open/app'))
        const pulled = client.as().pull(at('open/app'))
        // Docker sends no request to a registry with Basic authentication before it is logged in.
        if (name === 'docker' && auth === 'basic') await assert.rejects(pulled, REFUSED)
        else assert.equal(await pulled, pushed)
      })

      test('is denied anonymously where not everybody may', async () => {
        await assert.rejects(client.as().pull(at('dev/app')), REFUSED)
        await assert.rejects(client.as().push(at('open/new')), REFUSED)
      })

      test('is denied what only another account may do', async () => {
        const session = await loggedIn(guarded.bob)
        await assert.rejects(session.pull(at('dev/app')), REFUSED)
        await assert.rejects(session.pull(at('dev/there-is-no-such')), REFUSED)
        // New repositories: a client that finds the whole image in one may not push at all.
        await assert.rejects(session.push(at('dev/new')), REFUSED)
        await assert.rejects(session.push(at('open/new')), REFUSED)
        await assert.rejects(session.push(at('alice/new')), REFUSED)
      })

      test('pushes and pulls as a robot, with its secret', async () => {
        const session = await loggedIn(guarded.robot)
        assert.equal(await session.push(at('dev/built')), pushed)
        assert.equal(await session.pull(at('dev/built')), pushed)
        await assert.rejects(session.push(at('alice/new')), REFUSED)
      })
    })
  }
}
