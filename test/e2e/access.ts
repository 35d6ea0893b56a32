/**
 * Every client with accounts: logs in, pushes and pulls what the policy allows, and is refused what
 * it does not, by tokens and by Basic credentials.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { scratch } from '../support/live/process.ts'
import type { Exchange } from '../support/live/proxy.ts'
import { type Account, type Client, clients } from './support/clients.ts'
import { type Guarded, startGuarded } from './support/guarded.ts'
import { sourceImage } from './support/image.ts'
import { logsIn } from './support/pairs.ts'

/** What a client says where it may not; the registry's own words where it passes them on. */
const REFUSED =
  /unauthorized|denied|403:? \(?forbidden|authentication required|authorization failed|invalid username|basic (auth )?credential/i

/** Declares the tests for all clients that log in this way. */
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
      /** Requests that were answered so while `body` ran. */
      const during = async (body: () => Promise<unknown>) => {
        const seen = guarded.front.exchanges.length
        await body()
        return guarded.front.exchanges.slice(seen)
      }

      test('is refused with a wrong password', async () => {
        const { name: who } = guarded.alice
        const session = client.as({ name: who, password: 'not the password' })
        // crane keeps whatever it is given, and ctr keeps nothing: those find out when they push.
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

      /** Answers to requests that would mount a blob. */
      const mounts = (exchanges: readonly Exchange[]): number[] =>
        exchanges
          .filter(({ method, url }) => method === 'POST' && /[?&]mount=/.test(url))
          .map(({ status }) => status)

      test('mounts what the account may pull', async () => {
        const { alice } = guarded
        const seen = await during(() => client.copy(at('dev/app'), alice, at('alice/copy'), alice))
        const answers = mounts(seen)
        assert.ok(answers.includes(201), `answers to mounts: ${answers}`)
        assert.equal(await (await loggedIn(alice)).pull(at('alice/copy')), pushed)
      })

      // As long as the blobs are in no repository that the account may pull.
      test('uploads what the account may not pull', async () => {
        const { alice, bob } = guarded
        if (client.oneAccount) {
          await assert.rejects(client.copy(at('dev/app'), bob, at('bob/copy'), bob), REFUSED)
          return
        }
        const seen = await during(() => client.copy(at('dev/app'), alice, at('bob/copy'), bob))
        const answers = mounts(seen)
        const expected = client.looksFirst ? [] : [202]
        assert.deepEqual([...new Set(answers.filter((status) => status !== 401))], expected)
        assert.equal(await (await loggedIn(bob)).pull(at('bob/copy')), pushed)
      })

      test('pulls without an account where all may', async () => {
        await (await loggedIn(guarded.alice)).push(at('open/app'))
        const pulled = client.as().pull(at('open/app'))
        // Docker never asks a registry without tokens for anything until it is logged in.
        if (name === 'docker' && auth === 'basic') await assert.rejects(pulled, REFUSED)
        else assert.equal(await pulled, pushed)
      })

      test('is refused without an account where not all may', async () => {
        await assert.rejects(client.as().pull(at('dev/app')), REFUSED)
        await assert.rejects(client.as().push(at('open/new')), REFUSED)
      })

      test('is refused what another account may', async () => {
        const session = await loggedIn(guarded.bob)
        await assert.rejects(session.pull(at('dev/app')), REFUSED)
        await assert.rejects(session.pull(at('dev/there-is-no-such')), REFUSED)
        // New ones: a client that finds all of an image there may not push at all.
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
