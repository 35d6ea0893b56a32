/**
 * What few clients of the first API ask for: files of layers, deletes of repositories, and what is announced of images.
 *
 * @module
 */

import { gzipSync } from 'node:zlib'
import { describe, expect, type TestContext, test } from 'vitest'
import { openFirstApi } from '../../functions/compose/v1.ts'
import { createRegistry } from '../../functions/registry/registry.ts'
import { type FileInfo, fatesOf, filesAsJson, filesIn } from '../../functions/v1/files.ts'
import { createTokens } from '../../functions/v1/token.ts'
import { guarded } from '../guard/rig.ts'
import { clientOfApp, expectStatus, plainApp, type Send } from '../support/rig/client.ts'
import { openFiles } from '../support/rig/stores.ts'
import { archive, type File } from './archive.ts'
import { beginPull, beginPush, oldImage, pushAll, pushOld, tagOld } from './images.ts'

const SECRET = Buffer.alloc(32, 7)
const A = oldImage('a')
const B = oldImage('b', 'a')

const open = async ({ onTestFinished }: TestContext) => {
  const { store, close } = await openFiles()
  onTestFinished(close)
  const secret = async () => SECRET
  const registry = createRegistry({ store, uploadSecret: secret, wait: async () => {} })
  const v1 = openFirstApi({ store, registry, secret, readOnly: false, now: Date.now })
  const app = plainApp(registry, { v1 })
  return { app, registry, send: clientOfApp(app) }
}

const bodyOf = async (sent: ReturnType<Send>) =>
  JSON.parse((await expectStatus(200, sent)).body.toString())

const errorOf = async (sent: ReturnType<Send>) => {
  const { status, body } = await sent
  return [status, JSON.parse(body.toString()).error]
}

test('the router is the one that the order of routes counts in, with the first API and without', async (t) => {
  const { app, registry, send } = await open(t)
  for (const each of [app, plainApp(registry)]) {
    await each.request('/livez')
    expect(each.router.name).toBe('SmartRouter + TrieRouter')
  }
  // Each could be another route of a repository called `images`, `tags` or `img/tags`.
  const begun = await beginPush(send, 'team/images')
  expect(begun.Authorization).toContain('repository="team/images"')
  for (const [path, name] of [
    ['img/images', 'library/img'],
    ['team/images/images', 'team/images'],
  ]) {
    const list = send(`PUT /v1/repositories/${path}`, Buffer.from('[]'))
    const { headers } = await expectStatus(204, list)
    expect(headers.get('X-Docker-Token')).toContain(`repository="${name}"`)
  }
  await pushAll(send, 'img', 'images', [A])
  const token = await beginPush(send, 'img')
  await expectStatus(200, tagOld(send, 'img', 'json', A.id, token))
  expect(await bodyOf(send('GET /v1/repositories/img/tags/images'))).toBe(A.id)
  expect(await bodyOf(send('GET /v1/repositories/img/tags/json'))).toBe(A.id)
})

test.for(['/', '', '/tags'])('a repository is deleted by DELETE …%s', async (path, t) => {
  const { send } = await open(t)
  await pushAll(send, 'team/img', 'v1', [A, B])
  const remove = () => send(`DELETE /v1/repositories/team/img${path}`)
  expect(await bodyOf(remove())).toBe(true)
  expect(await errorOf(remove())).toEqual([404, 'Repository not found'])
  await expectStatus(404, send('GET /v2/team/img/manifests/v1'))
  expect(await bodyOf(send('GET /v1/repositories/team/img/tags'))).toEqual({})
})

test('what is announced of an image is kept with it', async (t) => {
  const { send } = await open(t)
  const announced = { 'X-Docker-Encrypt': 'aes-256', 'X-Docker-Sign': 'c2lnbmF0dXJl' }
  const begun = await expectStatus(
    200,
    send('PUT /v1/repositories/team/img/', Buffer.from('[]'), announced),
  )
  expect(begun.headers.get('X-Docker-Encrypt')).toBe('true')
  expect(begun.headers.get('X-Docker-Sign')).toBe('true')
  const token = await beginPush(send, 'team/img')
  await pushOld(send, A, { ...token, ...announced })
  await pushOld(send, B, token)
  await expectStatus(200, tagOld(send, 'team/img', 'v1', B.id, token))
  const read = await beginPull(send, 'team/img')
  for (const what of ['json', 'layer']) {
    const shown = await Promise.all(
      [A, B].map(({ id }) => send(`GET /v1/images/${id}/${what}`, undefined, read)),
    )
    expect(shown.map(({ headers }) => headers.get('X-Docker-Encrypt'))).toEqual(['aes-256', null])
    expect(shown.map(({ headers }) => headers.get('X-Docker-Sign'))).toEqual(['c2lnbmF0dXJl', null])
  }
  const long = { ...token, 'X-Docker-Sign': 'x'.repeat(1025) }
  const body = Buffer.from(oldImage('c').json)
  expect(await errorOf(send(`PUT /v1/images/${oldImage('c').id}/json`, body, long))).toEqual([
    400,
    'Invalid X-Docker-Sign',
  ])
})

test('files of a layer, and what became of them', async (t) => {
  const { send } = await open(t)
  await pushAll(send, 'team/img', 'v1', [A, B])
  const token = await beginPull(send, 'team/img')
  const get = (path: string) => send(`GET /v1/images/${path}`, undefined, token)
  const about = ['f', false, 3, 0, 0o644, 0, 0]
  const files = await expectStatus(200, get(`${B.id}/files`))
  expect(JSON.parse(files.body.toString())).toEqual([['b', ...about]])
  expect(files.headers.get('Content-Type')).toBe('application/json')
  expect(await bodyOf(get(`${B.id}/diff`))).toEqual({
    deleted: {},
    changed: {},
    created: { b: about },
  })
  await expectStatus(200, send(`HEAD /v1/images/${B.id}/files`, undefined, token))
  expect(await errorOf(get(`${oldImage('c').id}/files`))).toEqual([404, 'Image not found'])
  await expectStatus(401, send(`GET /v1/images/${B.id}/diff`))
})

describe('files', () => {
  const list = async (files: readonly File[], isPacked = true): Promise<FileInfo[]> => {
    const bytes = archive(files)
    const all: FileInfo[] = []
    for await (const some of filesIn([isPacked ? gzipSync(bytes) : bytes], isPacked)) {
      all.push(...some)
    }
    return all
  }

  test('as docker-registry spells them', async () => {
    const found = await list([
      { name: './', typeflag: '5' },
      { name: './etc/', typeflag: '5' },
      { name: './etc/.wh.passwd' },
      { name: '.wh.gone' },
      { name: '.wh..wh.plnk' },
      { name: 'link', typeflag: '2', linkname: 'x' },
      { name: 'strange', typeflag: 'Z' },
    ])
    expect(found.map(([path, type, isDeleted]) => [path, type, isDeleted])).toEqual([
      ['/', 'd', false],
      ['/etc', 'd', false],
      ['/etc/passwd', 'f', true],
      ['gone', 'f', true],
      ['link', 's', false],
      ['strange', 'u', false],
    ])
    expect(await list([{ name: 'a' }], false)).toHaveLength(1)
  })

  test('as JSON, however many come at once', async () => {
    const info: FileInfo = ['a', 'f', false, 0, 0, 0, 0, 0]
    const json = async (...parts: FileInfo[][]) => {
      const chunks: Buffer[] = []
      const source = (async function* () {
        yield* parts
      })()
      for await (const chunk of filesAsJson(source)) chunks.push(chunk)
      return JSON.parse(Buffer.concat(chunks).toString())
    }
    expect(await json()).toEqual([])
    expect(await json([], [])).toEqual([])
    expect(await json([info], [], [info, info])).toEqual([info, info, info])
  })

  test('the layer below says what became of a file', async () => {
    const layers = [
      [{ name: 'new' }, { name: 'changed' }, { name: '.wh.gone' }, { name: 'again' }],
      [{ name: 'changed' }, { name: '.wh.again' }],
      [{ name: 'changed' }, { name: 'again' }, { name: 'gone' }, { name: '__proto__' }],
    ]
    const digest = `sha256:${'0'.repeat(64)}` as const
    const chain = layers.map((_, size) => ({ digest, size, isPacked: false }))
    const { deleted, changed, created } = await fatesOf(chain, ({ size }) =>
      filesIn([archive(layers[size] ?? [])], false),
    )
    expect(Object.keys(deleted)).toEqual(['gone'])
    expect(Object.keys(changed)).toEqual(['changed'])
    expect(Object.keys(created).sort()).toEqual(['again', 'new'])
  })

  test('what is no archive', async () => {
    await expect(filesIn([Buffer.alloc(600, 1)], false).next()).rejects.toThrow(/not a tar archive/)
    await expect(filesIn([Buffer.alloc(600, 1)], true).next()).rejects.toThrow(/gzip/)
  })
})

test('a token of somebody who could not be noted ends, however often it is renewed', async () => {
  let now = 1_000_000
  const tokens = createTokens(
    async () => SECRET,
    () => now,
  )
  const grant = { name: 'team/img', actions: ['pull'], who: 'alice' } as const
  const first = await tokens.open(await tokens.issue(grant))
  now += 200_000
  const second = await tokens.issue(first!)
  expect(await tokens.open(second)).toMatchObject({ ageing: false })
  now += 101_000
  expect(await tokens.open(second)).toBeUndefined()
})

test('a guarded repository takes no images of the first API that are not encrypted', async (t) => {
  const { store, registry } = await guarded(t, [{ repositories: ['team/**'], encrypted: true }])
  const secret = async () => SECRET
  const v1 = openFirstApi({ store, registry, secret, readOnly: false, now: Date.now })
  const send = clientOfApp(plainApp(registry, { v1 }))
  const token = await beginPush(send, 'team/img')
  await pushOld(send, A, token)
  const [status, error] = await errorOf(tagOld(send, 'team/img', 'v1', A.id, token))
  expect(status).toBe(403)
  expect(error).toMatch(/takes only encrypted images/)
  await expectStatus(404, send('GET /v2/team/img/manifests/v1'))
})
