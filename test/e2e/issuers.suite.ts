/**
 * Jobs of a CI log clients in with tokens that their issuer gave them: no password is stored anywhere.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scratch } from '../support/live/process.ts'
import {
  type LiveRegistry,
  type StoreLocation,
  slipway,
  startRegistry,
} from '../support/live/registry.ts'
import { until } from '../support/until.ts'
import type { Client } from './support/client.ts'
import { clients } from './support/clients.ts'
import { openChart } from './support/helm-chart.ts'
import { sourceImage } from './support/image.ts'
import { type OidcProvider, startOidcProvider } from './support/oidc-provider.ts'

const AUDIENCE = 'registry.example'
const REFUSED = /unauthorized|denied|403:? \(?forbidden|authentication required|invalid username/i

const MAIN = {
  repository: 'acme/app',
  repository_id: '4711',
  ref: 'refs/heads/main',
  ref_protected: 'true',
  event_name: 'push',
}
const JOBS = {
  main: MAIN,
  pull: {
    ...MAIN,
    ref: 'refs/pull/1/merge',
    ref_protected: 'false',
    event_name: 'pull_request_target',
  },
  // Somebody took the name after it was given up.
  other: { ...MAIN, repository_id: '4712' },
}

const files = scratch('issuers')
let provider: OidcProvider
let registry: LiveRegistry

/** Adds a robot without a secret, for jobs of the repository that strangers do not start. */
const bindRobot = async (store: StoreLocation): Promise<void> => {
  const claims = [`iss=${provider.issuer}`, 'repository_id=4711', 'event_name!~pull_request*']
  await slipway('robot', store, ['add', 'release', '--without-secret'])
  await slipway('robot', store, ['bind', 'release', ...claims.flatMap((each) => ['--claim', each])])
  const rules = await slipway('policy', store, ['show'])
  const rule = "who: ['robot:release'], repositories: ['released/**'], actions: [pull, push]"
  const policy = join(files.path, 'policy.yaml')
  writeFileSync(policy, `${rules}  - { ${rule} }\n`)
  await slipway('policy', store, ['set', policy])
}

beforeAll(async () => {
  provider = await startOidcProvider(AUDIENCE, JOBS)
  const store = { directory: files.path }
  const flags = ['--url', provider.issuer, '--private-addresses', '--audience', AUDIENCE]
  const rule = ['--id', '4711', '--repositories', 'team/**', '--add-rule']
  await slipway('issuers', store, ['add', 'github', ...flags, ...rule])
  await bindRobot(store)
  registry = await startRegistry('slipway', store, { flags: ['--auth', 'token'] })
}, 900_000)
afterAll(async () => {
  await registry?.close()
  await provider?.close()
  files.remove()
})

/** What Docker's clients send for a password is what the job was given. */
const jobs = async (job: keyof typeof JOBS) => ({
  name: 'token',
  password: await provider.token(job),
})

describe.each(['docker', 'podman', 'skopeo', 'crane', 'oras', 'regctl'])('%s', (name) => {
  const own = scratch(`issuers-${name}`)
  let client: Client
  beforeAll(async () => {
    const image = await sourceImage('small')
    client = await clients[name]!({ address: registry.address, directory: own.path, image })
  }, 900_000)
  afterAll(async () => {
    await client?.close?.()
    own.remove()
  })

  test('logs in with the token of a job on a protected branch, pushes and pulls', async () => {
    const session = client.as(await jobs('main'))
    await session.logIn?.()
    const target = `${registry.address}/team/${name}:v1`
    const pushed = await session.push(target)
    expect(await session.pull(target)).toBe(pushed)
  })

  test('pushes and pulls as the robot that the job stands for', async () => {
    const session = client.as({ ...(await jobs('main')), name: 'robot+release' })
    await session.logIn?.()
    const target = `${registry.address}/released/${name}:v1`
    const pushed = await session.push(target)
    expect(await session.pull(target)).toBe(pushed)
    await expect(session.push(`${registry.address}/team/${name}-robot:v1`)).rejects.toThrow(REFUSED)
  })

  test.each(['pull', 'other'] as const)('is not the robot by the job %s', async (job) => {
    const session = client.as({ ...(await jobs(job)), name: 'robot+release' })
    const push = async () => {
      await session.logIn?.()
      await session.push(`${registry.address}/released/${name}-${job}:v1`)
    }
    await expect(push()).rejects.toThrow(REFUSED)
  })

  test.each(['pull', 'other'] as const)('pushes nothing with that of the job %s', async (job) => {
    const session = client.as(await jobs(job))
    const push = async () => {
      await session.logIn?.()
      await session.push(`${registry.address}/team/${name}-${job}:v1`)
    }
    await expect(push()).rejects.toThrow(REFUSED)
  })
})

test('helm logs in, pushes a chart and pulls it', async () => {
  const home = scratch('issuers-helm')
  const chart = await openChart(home.path, {
    program: 'helm',
    megabytes: 1,
    address: registry.address,
    account: await jobs('main'),
    below: 'team/charts',
  })
  await chart.push()
  expect(await chart.pulls()).toBe(true)
  home.remove()
})

describe('the issuer goes on with another key', () => {
  const tokenFor = (password: string) =>
    fetch(`http://${registry.address}/token?scope=repository:team/oras:pull`, {
      headers: { Authorization: `Basic ${Buffer.from(`token:${password}`).toString('base64')}` },
    })
  const pull = (token: string) =>
    fetch(`http://${registry.address}/v2/team/oras/manifests/v1`, {
      headers: { Authorization: `Bearer ${token}` },
    })

  test('who is logged in goes on; new tokens are accepted, old ones no more', async () => {
    const before = await provider.token('main')
    const { token } = (await (await tokenFor(before)).json()) as { token: string }
    expect((await pull(token)).status).toBe(200)
    await provider.rollOver()
    expect((await pull(token)).status).toBe(200)
    // Keys are not fetched twice within half a minute, whatever tokens name.
    const response = await until(async () => {
      const answer = await tokenFor(await provider.token('main'))
      return answer.ok && answer
    })
    const after = (await response.json()) as { token: string }
    expect((await pull(after.token)).status).toBe(200)
    expect((await tokenFor(before)).status).toBe(401)
  })
})
