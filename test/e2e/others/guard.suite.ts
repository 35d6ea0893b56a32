/**
 * cosign, which `.ci/long others` installs, with a repository that gives only signed images.
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeLayout } from '../../interop/oci-layout.ts'
import { run, scratch } from '../../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../../support/live/registry.ts'
import { otherProgram } from '../support/other-clients.ts'

const directory = scratch('guard-cosign')
const at = (name: string): string => join(directory.path, name)
let registry: LiveRegistry

const PASSWORD = 'signs what is right'

const cosign = (...args: string[]): Promise<string> =>
  run(otherProgram('cosign'), args, {
    cwd: directory.path,
    env: { HOME: directory.path, DOCKER_CONFIG: directory.path, COSIGN_PASSWORD: '' },
  })

beforeAll(async () => {
  await cosign('generate-key-pair')
  await cosign('generate-key-pair', '--output-key-prefix', 'other')
  const policy = {
    version: 1,
    rules: [
      { who: ['anonymous'], repositories: ['**'], actions: ['pull'] },
      { who: ['user:signer'], repositories: ['**'], actions: ['*'] },
    ],
    require: [
      {
        repositories: ['signed/**'],
        signed: {
          by: [{ key: readFileSync(at('cosign.pub'), 'utf8') }],
          except: ['user:signer'],
        },
      },
    ],
  }
  const store = { directory: at('store') }
  const input = `${PASSWORD}\n`
  await slipway('user', store, ['add', 'signer', '--password-stdin'], { input })
  await slipway('policy', store, ['set', '-'], { input: JSON.stringify(policy) })
  registry = await startRegistry('slipway', store)
  const auth = Buffer.from(`signer:${PASSWORD}`).toString('base64')
  const config = { auths: { [registry.address]: { auth } } }
  writeFileSync(at('config.json'), JSON.stringify(config))
})

afterAll(async () => {
  await registry?.close()
  directory.remove()
})

const statusOf = async (name: string, reference: string): Promise<number> => {
  const response = await fetch(`http://${registry.address}/v2/${name}/manifests/${reference}`)
  await response.bytes()
  return response.status
}

describe.each([
  ['cosign 2', 'false'],
  ['cosign 3', 'true'],
])('in the form of %s', (form, bundle) => {
  test('an image can be pulled once it is signed by the key of the policy', async () => {
    const name = `signed/${form.replace(' ', '')}`
    const images = await writeLayout(at(form.replace(' ', '')), ['amd64'], [1000])
    const { manifest = '' } = images.amd64 ?? {}
    await run('skopeo', [
      ...['copy', '--quiet', '--preserve-digests', '--insecure-policy', '--dest-tls-verify=false'],
      ...['--dest-creds', `signer:${PASSWORD}`],
      `oci:${at(form.replace(' ', ''))}:v1`,
      `docker://${registry.address}/${name}:v1`,
    ])
    expect(await statusOf(name, 'v1')).toBe(403)
    const sign = (key: string) =>
      cosign(
        ...['sign', '--key', key, `--new-bundle-format=${bundle}`, '--allow-http-registry'],
        ...['--tlog-upload=false', '--use-signing-config=false'],
        `${registry.address}/${name}@${manifest}`,
      )
    await sign('other.key')
    expect(await statusOf(name, 'v1')).toBe(403)
    await sign('cosign.key')
    expect([await statusOf(name, 'v1'), await statusOf(name, manifest)]).toEqual([200, 200])
    await cosign(
      ...['verify', '--key', 'cosign.pub', `--new-bundle-format=${bundle}`],
      ...['--allow-http-registry', '--insecure-ignore-tlog'],
      `${registry.address}/${name}@${manifest}`,
    )
  })
})
