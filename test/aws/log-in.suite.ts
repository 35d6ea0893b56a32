/**
 * Log-ins with credentials of an emulated AWS, whose STS verifies signatures: users and roles log in, push and pull with
 * real clients.
 *
 * @module
 */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dockerClient, load, startDockerd } from '../e2e/support/daemons.ts'
import { type SourceImage, sourceImage } from '../e2e/support/image.ts'
import { projectRoot, run, scratch } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'
import { awsQuery } from './support/aws.ts'
import { type Emulator, startMiniStack } from './support/emulator.ts'
import { elementOf } from './support/resources.ts'
import { asUserWith, iam } from './support/role.ts'

const NAME = 'registry.example'
const ACCOUNT = '000000000000'
const REFUSED = /unauthorized|denied|authentication required|invalid username/i

type Env = Readonly<Record<string, string>>

const files = scratch('aws-log-in')
const at = (...names: string[]): string => join(files.path, ...names)
let emulator: Emulator
let registry: LiveRegistry
let image: SourceImage
/** What programs need to have the credentials of a session of a role, and of a user. */
let ci: Env
let other: Env
let alice: Env

const createRole = (RoleName: string): Promise<string> =>
  iam(emulator, 'CreateRole', {
    RoleName,
    Path: '/jobs/',
    AssumeRolePolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
          Action: 'sts:AssumeRole',
        },
      ],
    }),
  })

const sessionOf = async (role: string): Promise<Env> => {
  const xml = await awsQuery(emulator, 'sts', '2011-06-15', {
    Action: 'AssumeRole',
    RoleArn: `arn:aws:iam::${ACCOUNT}:role/jobs/${role}`,
    RoleSessionName: 'job-42',
  })
  return {
    ...emulator.env,
    AWS_ACCESS_KEY_ID: elementOf(xml, 'AccessKeyId'),
    AWS_SECRET_ACCESS_KEY: elementOf(xml, 'SecretAccessKey'),
    AWS_SESSION_TOKEN: elementOf(xml, 'SessionToken'),
  }
}

const passwordOf = async (env: Env, name = NAME): Promise<string> =>
  (
    await run(process.execPath, ['functions/handlers/cli.ts', 'login-password', name], {
      cwd: projectRoot,
      env,
    })
  ).trim()

const POLICY = `version: 1
rules:
  - who: ['aws:arn:aws:iam::${ACCOUNT}:role/ci']
    repositories: ['team/**']
    actions: [pull, push]
  - { who: [authenticated], repositories: ['team/**'], actions: [pull] }
`

beforeAll(async () => {
  emulator = await startMiniStack()
  await createRole('ci')
  await createRole('other')
  ci = await sessionOf('ci')
  other = await sessionOf('other')
  // Whoever may do nothing may still ask who it is.
  const nothing = { Effect: 'Deny', Action: '*', Resource: '*' }
  alice = (await asUserWith(emulator, 'alice', { Statement: [nothing] })).env
  const store = { directory: at('store') }
  writeFileSync(at('policy.yaml'), POLICY)
  await slipway('policy', store, ['set', at('policy.yaml')])
  registry = await startRegistry('slipway', store, {
    flags: [
      ...['--auth', 'token', '--aws-audience', NAME, '--aws-accounts', ACCOUNT],
      ...['--aws-regions', emulator.region, '--aws-sts-endpoint', emulator.endpoint],
    ],
    env: { NODE_EXTRA_CA_CERTS: emulator.env.NODE_EXTRA_CA_CERTS ?? '' },
  })
  image = await sourceImage('small')
}, 900_000)
afterAll(async () => {
  await registry?.close()
  await emulator?.close()
  files.remove()
})

const target = (name: string): string => `${registry.address}/team/${name}:v1`

/** Asks for a token. */
const ask = (password: string, name = 'AWS'): Promise<Response> =>
  fetch(`http://${registry.address}/token?service=slipway&scope=repository:team/a:pull,push`, {
    headers: { Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
  })

describe('skopeo', () => {
  const authFile = (who: string): string => at(`${who}.json`)
  const logIn = (password: string, who: string) =>
    run(
      'skopeo',
      [
        ...['login', '--tls-verify=false', '--authfile', authFile(who)],
        ...['--username', 'AWS', '--password-stdin', registry.address],
      ],
      { input: password },
    )
  const push = (who: string, name: string) =>
    run('skopeo', [
      ...['--insecure-policy', 'copy', '--authfile', authFile(who), '--dest-tls-verify=false'],
      ...[`oci:${image.layout}:v1`, `docker://${target(name)}`],
    ])
  const inspect = (who: string, name: string) =>
    run('skopeo', [
      ...['inspect', '--tls-verify=false', '--authfile', authFile(who)],
      `docker://${target(name)}`,
    ])

  test('as a role: logs in, pushes and pulls', async () => {
    await logIn(await passwordOf(ci), 'ci')
    await push('ci', 'skopeo')
    await inspect('ci', 'skopeo')
  })

  test('as another role, and as a user: pulls, and may not push', async () => {
    for (const [who, env] of Object.entries({ other, alice })) {
      await logIn(await passwordOf(env), who)
      await inspect(who, 'skopeo')
      await expect(push(who, `by-${who}`)).rejects.toThrow(REFUSED)
    }
  })

  test('of a profile that takes the role', async () => {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, ...rest } = emulator.env
    const keys = `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`
    writeFileSync(at('credentials'), keys)
    const role = `role_arn = arn:aws:iam::${ACCOUNT}:role/jobs/ci\nsource_profile = default\n`
    writeFileSync(at('config'), `[profile ci]\nregion = ${emulator.region}\n${role}`)
    const profile = {
      ...rest,
      AWS_PROFILE: 'ci',
      AWS_CONFIG_FILE: at('config'),
      AWS_SHARED_CREDENTIALS_FILE: at('credentials'),
    }
    await logIn(await passwordOf(profile), 'profile')
    await push('profile', 'profile')
  })

  test('by the credential helper, without a log-in', async () => {
    mkdirSync(at('bin'))
    const program = join(projectRoot, 'functions/handlers/credential-helper.ts')
    const script = `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`
    writeFileSync(at('bin/docker-credential-slipway'), script)
    chmodSync(at('bin/docker-credential-slipway'), 0o755)
    writeFileSync(
      authFile('helper'),
      JSON.stringify({ credHelpers: { [registry.address]: 'slipway' } }),
    )
    const env = { ...ci, PATH: `${at('bin')}:${process.env.PATH}`, SLIPWAY_AUDIENCE: NAME }
    await run(
      'skopeo',
      [
        ...['--insecure-policy', 'copy', '--authfile', authFile('helper')],
        ...['--dest-tls-verify=false', `oci:${image.layout}:v1`, `docker://${target('helper')}`],
      ],
      { env },
    )
  })
})

test('docker logs in as the role, pushes and pulls', async () => {
  const daemon = await startDockerd(files.path, 'dockerd')
  try {
    const docker = dockerClient('/usr/bin/docker', daemon.socket, at('docker'))
    const password = await passwordOf(ci)
    await docker('login', '--username', 'AWS', '--password', password, registry.address)
    await load(daemon.docker, image, target('docker'))
    await docker('push', target('docker'))
    await docker('image', 'prune', '--all', '--force')
    await docker('pull', target('docker'))
  } finally {
    await daemon.stop()
  }
})

describe('STS refuses what was changed', () => {
  const changed = async (change: (url: string) => string): Promise<string> => {
    const request = JSON.parse(Buffer.from(await passwordOf(ci), 'base64').toString())
    const url = change(request.url)
    expect(url).not.toBe(request.url)
    return Buffer.from(JSON.stringify({ ...request, url })).toString('base64')
  }

  test.each<[what: string, change: (url: string) => string]>([
    ['the signature', (url) => url.replace(/Signature=\w+/, `Signature=${'a'.repeat(64)}`)],
    ['the time', (url) => url.replace('Expires=900', 'Expires=899')],
    ['the session token', (url) => url.replace(/&X-Amz-Security-Token=[^&]*/, '')],
    // The emulator knows no secret of the first key, so that it takes any signature of that.
    [
      'whose key it is',
      (url) => url.replace(/Credential=\w+/, `Credential=${alice.AWS_ACCESS_KEY_ID}`),
    ],
  ])('%s', async (_, change) => {
    const answer = await ask(await changed(change))
    expect(answer.status, await answer.text()).toBe(401)
  })

  test('the registry that it is for', async () => {
    const request = JSON.parse(
      Buffer.from(await passwordOf(ci, 'other.example'), 'base64').toString(),
    )
    const forged = { ...request, headers: { 'x-slipway-registry': NAME } }
    const answer = await ask(Buffer.from(JSON.stringify(forged)).toString('base64'))
    expect(answer.status).toBe(401)
    expect(await answer.text()).toContain('was refused by AWS: SignatureDoesNotMatch')
  })
})
