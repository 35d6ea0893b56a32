/**
 * action.yml, and the examples of docs/access.md for GitHub Actions and GitLab, log in and push. oidc-provider stands for
 * the issuer, and a server for the one of which GitHub's jobs ask their tokens.
 *
 * @module
 */

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scratch } from '../support/live/process.ts'
import {
  type LiveRegistry,
  type StoreLocation,
  slipway,
  startRegistry,
} from '../support/live/registry.ts'
import { until } from '../support/until.ts'
import { type Dockerd, startDockerd } from './support/daemons.ts'
import { type OidcProvider, startOidcProvider } from './support/oidc-provider.ts'
import { example, type Job, runAction, runGithubJob, runGitlabJob } from './support/pipelines.ts'

const SECRET = 'what the runner gives the job'
const TAG = 'v1.2.3'
const GITHUB = { repository_id: '4711', ref_protected: 'true', event_name: 'push' }
const JOBS = {
  github: GITHUB,
  pull: { ...GITHUB, event_name: 'pull_request' },
  gitlab: { project_id: '77', ref_protected: 'true', pipeline_source: 'push' },
}

const files = scratch('pipelines')
let registry: LiveRegistry
let provider: OidcProvider
let dockerd: Dockerd
/** Which job asks, and what was wrong with how. */
let asking: keyof typeof JOBS = 'github'
const github = createServer(async (request, response) => {
  const url = new URL(request.url ?? '', 'http://localhost')
  const right =
    request.headers.authorization === `Bearer ${SECRET}` &&
    url.searchParams.get('api-version') === '2.0' &&
    url.searchParams.get('audience') === registry.address
  response.statusCode = right ? 200 : 400
  response.end(right ? JSON.stringify({ count: 1, value: await provider.token(asking) }) : '{}')
})

/** Trusts the issuer for the repositories of the examples, and binds a robot. */
const trust = async (store: StoreLocation): Promise<void> => {
  const common = [
    ...['--url', provider.issuer, '--private-addresses', '--audience', registry.address],
    ...['--repositories', 'release/**', '--add-rule'],
  ]
  await slipway('issuers', store, ['add', 'github', '--id', '4711', ...common])
  await slipway('issuers', store, ['add', 'gitlab', '--id', '77', ...common])
  const claims = [`iss=${provider.issuer}`, 'repository_id=4711', 'event_name!~pull_request*']
  await slipway('robot', store, ['add', 'ci', '--without-secret'])
  await slipway('robot', store, ['bind', 'ci', ...claims.flatMap((each) => ['--claim', each])])
}

/** Requests with the token of a job. */
const asJob = async (job: keyof typeof JOBS, path: string, name = 'token'): Promise<Response> => {
  const credentials = Buffer.from(`${name}:${await provider.token(job)}`).toString('base64')
  const headers = { Authorization: `Basic ${credentials}` }
  return fetch(`http://${registry.address}${path}`, { headers })
}

/** What the registry says of the repository of the examples; whoever pushes may pull. */
const tags = async (job: keyof typeof JOBS): Promise<string> =>
  (await asJob(job, '/v2/release/app/tags/list')).text()

beforeAll(async () => {
  const store = { directory: join(files.path, 'store') }
  registry = await startRegistry('slipway', store, { flags: ['--auth', 'token'] })
  provider = await startOidcProvider(registry.address, JOBS)
  await trust(store)
  dockerd = await startDockerd(files.path, 'dockerd')
  await new Promise<void>((resolve) => github.listen(0, '127.0.0.1', resolve))
  // It has started without the issuer, the rules and the robot, and sees them within half a minute.
  await until(async () => (await tags('gitlab')).includes('NAME_UNKNOWN'))
  await until(async () => (await asJob('github', '/token', 'robot+ci')).ok)
}, 900_000)
afterAll(async () => {
  github.closeAllConnections()
  github.close()
  await dockerd?.stop()
  await registry?.close()
  await provider?.close()
  files.remove()
})

const own = (text: string): string => text.replaceAll('registry.example', registry.address)

/** A job in a checkout of its own, where nobody has logged in. */
const newJob = (env: Readonly<Record<string, string>>): Job => {
  const directory = mkdtempSync(join(files.path, 'job-'))
  mkdirSync(join(directory, 'home'))
  writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n')
  return {
    directory,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: join(directory, 'home'),
      DOCKER_CONFIG: join(directory, 'home/.docker'),
      DOCKER_HOST: `unix://${dockerd.socket}`,
      DOCKER_API_VERSION: '1.41',
      ...env,
    },
    values: { 'github.ref_name': TAG },
  }
}

const githubJob = (): Job =>
  newJob({
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}/?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: SECRET,
  })

test('the workflow of GitHub builds, logs in by the action, and pushes', async () => {
  asking = 'github'
  const workflow = example('.github/workflows/release.yaml', own)
  expect(workflow.permissions['id-token']).toBe('write')
  await runGithubJob(workflow.jobs.release.steps, githubJob())
  expect(await tags('github')).toContain(TAG)
})

test('the job of GitLab builds, logs in and pushes', async () => {
  const { release } = example('.gitlab-ci.yml', own)
  const [[variable, { aud }]] = Object.entries<{ aud: string }>(release.id_tokens) as [
    [string, { aud: string }],
  ]
  expect(aud).toBe(registry.address)
  const token = await provider.token('gitlab')
  await runGitlabJob(release.script, newJob({ [variable]: token, CI_COMMIT_TAG: `${TAG}-gitlab` }))
  expect(await tags('gitlab')).toContain(`${TAG}-gitlab`)
})

test('the action logs in as a robot, and not by a pull request', async () => {
  const inputs = { registry: registry.address, username: 'robot+ci' }
  asking = 'github'
  expect(await runAction(inputs, githubJob())).toContain('Login Succeeded')
  asking = 'pull'
  const refused = runAction(inputs, githubJob())
  await expect(refused).rejects.toThrow(
    /its claim "event_name" is not as the robot demands|unauthorized/,
  )
})

test('the token is masked, and stands nowhere else in what the action prints', async () => {
  asking = 'github'
  const printed = await runAction({ registry: registry.address }, githubJob())
  expect(printed).toMatch(/^::add-mask::eyJ/)
  expect(printed.match(/eyJ/g)).toHaveLength(2)
})

test.each([
  [
    'without the permission',
    {},
    {},
    /::error::GitHub gives this job no token: it needs permissions/,
  ],
  ['where GitHub refuses', { audience: 'another.example' }, undefined, /error: 400/],
] as const)('the action fails %s', async (_, inputs, env, message) => {
  const job = env === undefined ? githubJob() : newJob(env)
  const failed = runAction({ registry: registry.address, ...inputs }, job)
  await expect(failed).rejects.toThrow(message)
  await expect(failed).rejects.not.toThrow(/Login Succeeded/)
})
