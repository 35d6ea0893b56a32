/**
 * A registry with accounts, groups, a robot and a policy, set up as an administrator would.
 *
 * @module
 */

import { cpSync } from 'node:fs'
import { once } from '../../../functions/shared/once.ts'
import { scratch } from '../../support/live/process.ts'
import { type RecordingProxy, startProxy } from '../../support/live/proxy.ts'
import { slipway, startRegistry } from '../../support/live/registry.ts'
import type { Account } from './client.ts'

/** Anyone pulls `open/`; team dev works in both; everyone has a folder. */
const POLICY = `
version: 1
rules:
  - { who: [anonymous, authenticated], repositories: ['open/**'], actions: [pull] }
  - { who: ['group:dev'], repositories: ['open/**', 'dev/**'], actions: [push] }
  - { who: ['group:dev'], repositories: ['dev/**'], actions: [pull] }
  - { who: [authenticated], repositories: ['\${user}/**'], actions: ['*'] }
`

/** The accounts of the registry. */
interface People {
  /** In team dev. */
  readonly alice: Account
  /** In no team. */
  readonly bob: Account
  /** In team dev. */
  readonly robot: Account
}

export interface Guarded extends People {
  /** The proxy that clients talk to; it records their requests. */
  readonly front: RecordingProxy
  /** Where it stores everything. */
  readonly store: { readonly directory: string }
  close(): Promise<void>
}

/** A store with accounts and policy, set up once by Slipway's commands; each registry gets a copy. */
const setUp = once(async (): Promise<{ readonly directory: string; readonly people: People }> => {
  const files = scratch('accounts')
  process.on('exit', files.remove)
  const store = { directory: files.path }
  const user = async (name: string, password: string): Promise<Account> => {
    await slipway('user', store, ['add', name, '--password-stdin'], { input: `${password}\n` })
    return { name, password }
  }
  const alice = await user('alice', 'correct horse, battery: "staple"')
  const bob = await user('bob', 'bob-is-in-no-team')
  const secret = (await slipway('robot', store, ['add', 'ci', '--expires', '1d'])).trim()
  const robot = { name: 'robot+ci', password: secret }
  await slipway('group', store, ['add', 'dev', alice.name, robot.name])
  await slipway('policy', store, ['set', '-'], { input: POLICY })
  return { directory: files.path, people: { alice, bob, robot } }
})

/**
 * Starts it on a directory; clients authenticate with tokens or with Basic credentials.
 *
 * @param receivers the document of receivers of events. Default: none
 */
export const startGuarded = async (
  auth: 'token' | 'basic',
  receivers?: string,
): Promise<Guarded> => {
  const { directory, people } = await setUp()
  const files = scratch('guarded')
  cpSync(directory, files.path, { recursive: true })
  const store = { directory: files.path }
  if (receivers !== undefined) await slipway('events', store, ['set', '-'], { input: receivers })
  const registry = await startRegistry('slipway', store, { flags: ['--auth', auth] })
  const front = await startProxy(registry.address)
  const close = async (): Promise<void> => {
    await front.close()
    await registry.close()
    files.remove()
  }
  return { front, store, ...people, close }
}
