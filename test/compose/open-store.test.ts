/**
 * Which S3 the settings and AWS's own variables name, as a presigned URL shows it.
 *
 * @module
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import os, { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import {
  isBucketInPath,
  openStore,
  regionOfKey,
  withReplica,
} from '../../functions/compose/open-store.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { dataKey, tagLinkKey } from '../../functions/registry/layout.ts'

interface Case {
  readonly name: string
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Where the object `a/b` is. */
  readonly url: string
}

const cases: readonly Case[] = [
  { name: 'AWS', url: 'https://box.s3.eu-west-1.amazonaws.com/p/a/b' },
  {
    name: 'AWS with the bucket in the path',
    flags: ['--s3-path-style=on'],
    url: 'https://s3.eu-west-1.amazonaws.com/box/p/a/b',
  },
  {
    name: 'AWS over IPv6 as well',
    flags: ['--s3-dualstack=on'],
    url: 'https://box.s3.dualstack.eu-west-1.amazonaws.com/p/a/b',
  },
  {
    name: 'AWS over IPv6 as well, with the SDK',
    flags: ['--s3-dualstack=on', '--s3-direct=off'],
    url: 'https://box.s3.dualstack.eu-west-1.amazonaws.com/p/a/b',
  },
  {
    name: 'an endpoint that is named, which has the addresses it has',
    flags: ['--s3-dualstack=on', '--s3-endpoint=http://s3.test:9000'],
    url: 'http://s3.test:9000/box/p/a/b',
  },
  {
    name: 'an endpoint of its own',
    flags: ['--s3-endpoint=http://s3.test:9000'],
    env: { AWS_ENDPOINT_URL_S3: 'http://other.test' },
    url: 'http://s3.test:9000/box/p/a/b',
  },
  {
    name: 'an endpoint for all of AWS',
    env: { AWS_ENDPOINT_URL: 'http://localhost:4566' },
    url: 'http://localhost:4566/box/p/a/b',
  },
  {
    name: 'an endpoint for S3',
    env: { AWS_ENDPOINT_URL: 'http://localhost:4566', AWS_ENDPOINT_URL_S3: 'http://s3.test' },
    url: 'http://s3.test/box/p/a/b',
  },
  {
    name: 'an endpoint with the bucket in the host',
    flags: ['--s3-path-style=off'],
    env: { AWS_ENDPOINT_URL_S3: 'https://s3.test' },
    url: 'https://box.s3.test/p/a/b',
  },
  {
    name: 'variables that are empty',
    env: { AWS_ENDPOINT_URL: '', AWS_ENDPOINT_URL_S3: '' },
    url: 'https://box.s3.eu-west-1.amazonaws.com/p/a/b',
  },
]

describe('the S3 that is opened', () => {
  beforeAll(() => {
    for (const name of Object.keys(process.env)) {
      if (name.startsWith('AWS_')) delete process.env[name]
    }
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' })
  })

  for (const { name, flags = [], env = {}, url } of cases) {
    test(name, async () => {
      const settings = readSettings(['--store=s3://box/p', '--s3-region=eu-west-1', ...flags], {})
      const store = await openStore(settings, env)
      const signed = await store.presign?.('GET', 'a/b', { expiresIn: 60 })
      assert.equal(signed?.split('?')[0], url)
    })
  }

  const wishes = [
    { flags: [], bySdk: [false, true], reported: ['get p'], owner: undefined },
    { flags: ['--s3-direct=off'], bySdk: [true], reported: [], owner: undefined },
    {
      flags: ['--s3-direct=off', '--s3-bucket-owner=012345678901'],
      bySdk: [true],
      reported: [],
      owner: '012345678901',
    },
  ]
  test.for(wishes)('is asked as $flags says', async ({ flags, bySdk, reported, owner }, t) => {
    const seen: IncomingHttpHeaders[] = []
    const server = createServer(({ headers }, response) => {
      seen.push(headers)
      response.writeHead(headers['user-agent'] === undefined ? 403 : 200).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const endpoint = `--s3-endpoint=http://127.0.0.1:${port}`
    const doings: string[] = []
    const settings = readSettings(['--store=s3://box', endpoint, ...flags], {})
    const store = await openStore(settings, {}, (doing) => doings.push(doing))
    await store.get('p')
    expect(seen.map((headers) => headers['user-agent'] !== undefined)).toEqual(bySdk)
    expect(doings).toEqual(reported)
    for (const headers of seen) expect(headers['x-amz-expected-bucket-owner']).toBe(owner)
  })
})

test.each([
  ['s3://box/p', false],
  ['s3://my.box/p', true],
] as const)('whether the bucket of %s is in the path of presigned URLs: %s', async (store, is) => {
  const env = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
  }
  const settings = readSettings([`--store=${store}`], {})
  const url = await (await openStore(settings, env)).presign?.('GET', 'a', { expiresIn: 60 })
  expect(isBucketInPath(settings, env)).toBe(is)
  expect(new URL(url ?? '').pathname).toBe(is ? '/my.box/p/a' : '/p/a')
})

describe('a copy in another Region', () => {
  const env = {
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  }
  const digest = `sha256:${'0'.repeat(64)}`

  /** Hosts of presigned URLs of a tag and of a blob that the copy has. */
  const hosts = async (...flags: readonly string[]) => {
    const settings = readSettings(['--store=s3://box/p', '--s3-region=us-east-1', ...flags], {})
    const first = await openStore(settings, env)
    const store = await withReplica(settings, env, first, (_, error) => {
      throw error
    })
    const urls = [tagLinkKey('a', 'v1'), dataKey(digest)].map((key) =>
      store.presign?.('GET', key, { expiresIn: 60 }),
    )
    return (await Promise.all(urls)).map((url) => new URL(url ?? '').host)
  }

  test('is in the Region of the process, or in the one that is named', async () => {
    const has = createServer((request, response) => {
      asked.push(request.url ?? '')
      const modified = new Date(0).toUTCString()
      response.writeHead(200, { ETag: '"x"', 'Last-Modified': modified, 'Content-Length': 0 }).end()
    }).listen(0, '127.0.0.1')
    const asked: string[] = []
    await once(has, 'listening')
    const at = `127.0.0.1:${(has.address() as AddressInfo).port}`
    expect(
      await hosts('--s3-replica=copy', `--s3-endpoint=http://${at}`, '--s3-path-style=on'),
    ).toEqual([at, at])
    expect(asked).toEqual([expect.stringMatching(/^\/copy\/p\/docker\//)])
    has.close()
  })

  test('is not asked for what changes', async () => {
    const settings = readSettings(
      ['--store=s3://box', '--s3-region=us-east-1', '--s3-replica=copy'],
      {},
    )
    const store = await withReplica(settings, env, await openStore(settings, env), () => {})
    const url = await store.presign?.('GET', tagLinkKey('a', 'v1'), { expiresIn: 60 })
    expect(new URL(url ?? '').host).toBe('box.s3.us-east-1.amazonaws.com')
  })

  test('is nothing where none is named', async () => {
    const settings = readSettings(['--store=s3://box'], {})
    const first = await openStore(settings, env)
    expect(await withReplica(settings, env, first, () => {})).toBe(first)
  })
})

test.each([
  ['arn:aws:kms:eu-west-1:123456789012:key/mrk-1', 'eu-west-1'],
  ['arn:aws-cn:kms:cn-north-1:123456789012:alias/a', 'cn-north-1'],
  ['alias/uploads', 'us-east-1'],
  ['mrk-1', 'us-east-1'],
])('the key %s is in %s', (key, region) => {
  const settings = readSettings(['--store=s3://box', '--s3-region=us-east-1'], {})
  expect(regionOfKey(key, settings, { AWS_REGION: 'sa-east-1' })).toBe(region)
})

describe('addresses that files of AWS change, or may', () => {
  const url = async (env: Readonly<Record<string, string>> = {}) => {
    const settings = readSettings(['--store=s3://box', '--s3-region=eu-west-1'], {})
    const signed = await (await openStore(settings, env)).presign?.('GET', 'a', { expiresIn: 60 })
    return signed?.split('?')[0]
  }
  const dualstack = 'use_dualstack_endpoint = true\n'

  test.each([
    ['config', `[default]\n${dualstack}`],
    ['credentials', `[default]\n${dualstack}`],
  ])('~/.aws/%s', async (name, text) => {
    const home = mkdtempSync(join(tmpdir(), 'slipway-home-'))
    mkdirSync(join(home, '.aws'))
    writeFileSync(join(home, '.aws', name), text)
    vi.stubEnv('HOME', home)
    try {
      expect(await url()).toBe('https://box.s3.dualstack.eu-west-1.amazonaws.com/a')
    } finally {
      vi.unstubAllEnvs()
      rmSync(home, { recursive: true })
    }
  })

  test('nobody’s home', async () => {
    // As for a user that the system does not know, where HOME is not set.
    const homedir = vi.spyOn(os, 'homedir').mockImplementation(() => {
      throw new Error('ENOENT')
    })
    syncBuiltinESMExports()
    try {
      expect(await url()).toBe('https://box.s3.eu-west-1.amazonaws.com/a')
    } finally {
      homedir.mockRestore()
      syncBuiltinESMExports()
    }
  })
})
