/**
 * Tokens of oidc-provider-mock, which stands for a GitLab of one's own and for two clusters whose service accounts are
 * called the same.
 *
 * @module
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scratch } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import type { Client } from './support/client.ts'
import { clients } from './support/clients.ts'
import { sourceImage } from './support/image.ts'
import { type OidcProviderMock, startOidcProviderMock } from './support/oidc-provider-mock.ts'

const AUDIENCE = 'registry.example'
const REFUSED = /unauthorized|denied|403:? \(?forbidden|authentication required|invalid username/i

const ACCOUNT = { sub: 'system:serviceaccount:ci:push', 'kubernetes.io': { namespace: 'ci' } }
const JOB = { project_id: '77', ref: 'main', ref_protected: 'true', pipeline_source: 'push' }
const JOBS = [
  { ...JOB, sub: 'main' },
  { ...JOB, sub: 'merge', pipeline_source: 'merge_request_event' },
  { ...JOB, sub: 'branch', ref: 'mine', ref_protected: 'false' },
  { ...JOB, sub: 'fork', project_id: '78' },
]

const files = scratch('issuers-others')
let gitlab: OidcProviderMock
let clusters: readonly OidcProviderMock[]
let registry: LiveRegistry
beforeAll(async () => {
  gitlab = await startOidcProviderMock(JOBS)
  clusters = [await startOidcProviderMock([ACCOUNT]), await startOidcProviderMock([ACCOUNT])]
  const store = { directory: files.path }
  const add = (provider: string, { issuer }: OidcProviderMock, id: string, to: string) =>
    slipway('issuers', store, [
      ...['add', provider, '--url', issuer, '--id', id, '--repositories', to, '--add-rule'],
      ...['--audience', AUDIENCE, '--private-addresses'],
    ])
  await add('gitlab', gitlab, '77', 'gitlab/**')
  for (const [at, cluster] of clusters.entries()) {
    await add('kubernetes', cluster, 'ci:push', `cluster-${at}/**`)
  }
  registry = await startRegistry('slipway', store, { flags: ['--auth', 'token'] })
}, 900_000)
afterAll(async () => {
  await registry?.close()
  for (const provider of [gitlab, ...(clusters ?? [])]) await provider?.close()
  files.remove()
})

describe.each(['docker', 'skopeo'])('%s', (name) => {
  const own = scratch(`issuers-others-${name}`)
  let client: Client
  beforeAll(async () => {
    const image = await sourceImage('small')
    client = await clients[name]!({ address: registry.address, directory: own.path, image })
  }, 900_000)
  afterAll(async () => {
    await client?.close?.()
    own.remove()
  })

  const push = async (password: string, repository: string): Promise<void> => {
    const session = client.as({ name: 'token', password })
    await session.logIn?.()
    const target = `${registry.address}/${repository}/${name}:v1`
    const pushed = await session.push(target)
    expect(await session.pull(target)).toBe(pushed)
  }

  test('pushes and pulls with the token of a job on a protected branch', async () => {
    await push(await gitlab.token('main', AUDIENCE), 'gitlab')
  })

  test.each([
    ['merge', AUDIENCE],
    ['branch', AUDIENCE],
    ['fork', AUDIENCE],
    ['main', 'another.example'],
  ])('is refused with that of the job %s for %s', async (sub, audience) => {
    const password = await gitlab.token(sub, audience)
    await expect(push(password, 'gitlab')).rejects.toThrow(REFUSED)
  })

  test.each([0, 1])('pushes from cluster %i to what is for it alone', async (at) => {
    const password = await clusters[at]!.token(ACCOUNT.sub, AUDIENCE)
    await push(password, `cluster-${at}`)
    await expect(push(password, `cluster-${1 - at}`)).rejects.toThrow(REFUSED)
  })
})
