/**
 * What is at a store and near it: a typo in `--store` is noticed.
 *
 * @module
 */

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../functions/compose/open-store.ts'
import type { StoreSettings } from '../../functions/compose/setting-table.ts'
import { readSettings } from '../../functions/compose/settings.ts'
import { absentNote, lookAround, startNote } from '../../functions/compose/surroundings.ts'
import { HTPASSWD_KEY, tagLinkKey } from '../../functions/registry/layout.ts'
import { startBucket, temporaryDirectory } from '../support/hosts/start.ts'

const KINDS = ['file', 's3'] as const
for (const kind of KINDS) {
  describe(`on ${kind}`, () => {
    let root = ''
    let env: Readonly<Record<string, string>> = {}
    let end: () => Promise<void>
    const settingsOf = (store: string): StoreSettings => readSettings([`--store=${store}`], env)
    const open = (settings: StoreSettings) => openStore(settings, env)
    const look = (path: string) => lookAround(settingsOf(`${root}${path}`), open)

    beforeAll(async () => {
      if (kind === 'file') {
        const { path, remove } = await temporaryDirectory()
        root = `file:${path}`
        end = remove
      } else {
        const { server, env: settings } = await startBucket()
        root = `s3://${server.bucket}`
        env = settings
        end = server.close
      }
      const link = tagLinkKey('app', 'v1')
      const at = (path: string) => open(settingsOf(root + path))
      await (await at('/deep/registry')).put(link, Buffer.from('x'))
      await (await at('/accounts')).put(HTPASSWD_KEY, Buffer.from(''))
    })
    afterAll(() => end())

    test('a registry is one, and nothing is said of it', async () => {
      const found = await look('/deep/registry')
      expect(found).toMatchObject({ empty: false, absent: false, near: undefined })
      expect([startNote(found), absentNote(found)]).toEqual([undefined, undefined])
    })

    const WITHIN = ['', '/registry', '/registry/v2', '/registry/v2/', '/registry/v2/blobs']
    for (const below of WITHIN) {
      test(`/docker${below} of a registry is refused, and the store is named`, async () => {
        await expect(look(`/deep/registry/docker${below}`)).rejects.toMatchObject({
          name: 'SettingsError',
          message: expect.stringMatching(
            `^--store .* lies within the store of a registry: use --store ${root}/deep/registry$`,
          ),
        })
      })
    }

    const NEAR = [
      ['the directory that holds it', '/deep', '/deep/registry'],
      ['a directory in it', '/deep/registry/data', '/deep/registry'],
      ['a name like it', '/deep/regsitry', '/deep/registry'],
      ['another name beside it', '/deep/images', undefined],
      ['a place that has only a name of its layout', '/elsewhere/docker/registry', undefined],
    ] as const
    for (const [what, path, near] of NEAR) {
      test(`${what} is a new one${near === undefined ? '' : ', and it is named'}`, async () => {
        const found = await look(path)
        const named = near && `${root}${near}`
        expect(found).toEqual({ store: `${root}${path}`, empty: true, absent: true, near: named })
        const hint = named === undefined ? '' : ` Is ${named} meant? There is one.`
        expect(startNote(found)).toBe(`This is a new, empty registry at ${root}${path}.${hint}`)
        expect(absentNote(found)).toBe(`There is no registry at ${root}${path} yet.${hint}`)
      })
    }

    test('accounts without repositories are an empty registry', async () => {
      const found = await look('/accounts')
      expect(found).toMatchObject({ empty: true, absent: false, near: undefined })
      expect(startNote(found)).toBe(`The registry at ${root}/accounts is empty.`)
      expect(absentNote(found)).toBeUndefined()
    })
  })
}

test('a relative directory is named in full', async () => {
  const { path, remove } = await temporaryDirectory()
  const settings = readSettings([`--store=file:${join(path, '.', 'x', '..', 'y')}`], {})
  const { store } = await lookAround(settings, (each) => openStore(each, {}))
  expect(store).toBe(`file:${join(path, 'y')}`)
  await remove()
})

test('a store that does not say is treated as a registry', async () => {
  const { server, env } = await startBucket()
  await server.close()
  const settings = readSettings([], { ...env, SLIPWAY_S3_ENDPOINT: server.endpoint })
  const found = await lookAround(settings, (each) => openStore(each, env))
  expect(found).toMatchObject({ empty: false, absent: false })
})
