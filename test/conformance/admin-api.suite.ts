/**
 * The admin API is as its description says: schemathesis makes requests of it, right ones and wrong ones, to a server with
 * something of everything in its store.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OCI_MANIFEST } from '../../functions/registry/media-types.ts'
import { CONFIG, imageOf } from '../support/hosts/content.ts'
import { describeWith } from '../support/live/installed.ts'
import { projectRoot, run, scratch, toolCache } from '../support/live/process.ts'
import { type LiveRegistry, slipway, startRegistry } from '../support/live/registry.ts'

const SCHEMATHESIS = join(toolCache, 'schemathesis/bin/schemathesis')
const ISSUER = 'https://issuer.example'

/** An administrator is known by a token of another issuer: no request about accounts takes the right away. */
const POLICY = JSON.stringify({
  version: 1,
  rules: [{ who: ['claim:sub=admin'], repositories: ['**'], actions: ['*', 'admin'] }],
})

describeWith([SCHEMATHESIS], 'schemathesis', () => {
  const directory = scratch('admin-api')
  const store = { directory: join(directory.path, 'store') }
  let registry: LiveRegistry
  let token = ''

  /** Sends a request as the administrator. */
  const send = async (method: string, path: string, status: number, body?: Buffer, type = '') => {
    const answer = await fetch(`http://${registry.address}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': type },
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    })
    expect([method, path, answer.status, await answer.text()].slice(0, 3)).toEqual([
      method,
      path,
      status,
    ])
  }

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] }
    const signed = new SignJWT().setProtectedHeader({ alg: 'ES256' }).setIssuer(ISSUER)
    signed.setAudience('slipway').setSubject('admin').setIssuedAt().setExpirationTime('1h')
    token = await signed.sign(privateKey)
    const documents = {
      issuers: JSON.stringify({
        version: 1,
        issuers: [{ issuer: ISSUER, audience: 'slipway', jwks }],
      }),
      policy: POLICY,
      quotas: '{"version":1,"quotas":[{"repositories":["**"],"soft":"1 GB"}]}',
    }
    for (const [name, text] of Object.entries(documents)) {
      writeFileSync(join(directory.path, name), text)
    }
    const cli = (command: string, args: string, input = '') =>
      slipway(command, store, args.split(' '), { input })
    await cli('user', 'add bob --password-stdin', 'secret\n')
    await cli('robot', 'add ci')
    await cli('group', 'add dev bob robot+ci')
    for (const name of ['issuers', 'quotas']) {
      await cli(name.replace(/quotas/, 'quota'), `set ${join(directory.path, name)}`)
    }
    registry = await startRegistry('slipway', store, {
      flags: ['--policy', join(directory.path, 'policy'), '--log-level', 'warn'],
    })
    for (const name of ['team/app', 'other']) {
      const blobs = `/v2/${name}/blobs/uploads/?digest=${CONFIG.sha256}`
      await send('POST', blobs, 201, CONFIG.bytes, 'application/octet-stream')
      await send('PUT', `/v2/${name}/manifests/v1`, 201, imageOf().bytes, OCI_MANIFEST)
    }
    await send('DELETE', '/v2/team/app/manifests/v1', 202)
    await slipway('usage', store, ['--now'])
  })
  afterAll(async () => {
    await registry?.close()
    directory.remove()
  })

  test('finds nothing that is not as described', async () => {
    const printed = await run(
      SCHEMATHESIS,
      [
        ...['--config-file', join(projectRoot, 'test/conformance/admin-api.toml')],
        ...['run', `http://${registry.address}/api/v1/openapi.json`, '--no-color'],
      ],
      { cwd: directory.path, env: { SLIPWAY_TOKEN: token } },
    )
    expect(printed).toContain('No issues found')
    expect(registry.output()).not.toMatch(/"level":(?:50|"error")/)
  })
})
