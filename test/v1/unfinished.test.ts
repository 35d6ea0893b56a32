/**
 * Two clients that push an image with one id.
 *
 * @module
 */

import { expect, test } from 'vitest'
import { v1UnfinishedKey } from '../../functions/registry/layout.ts'
import { createUnfinished } from '../../functions/v1/unfinished.ts'
import { openFiles } from '../support/rig/stores.ts'

const ID = 'a'.repeat(64)

test('each state follows the one that is there, and what is damaged counts as none', async ({
  onTestFinished,
}) => {
  const { store, close } = await openFiles()
  onTestFinished(close)
  const images = createUnfinished(store)
  const seen: (string | undefined)[] = []
  await Promise.all(
    ['x', 'y', 'z'].map((letter) =>
      images.change('a/b', ID, (current) => {
        seen.push(current?.json)
        return { json: (current?.json ?? '') + letter, isDone: false }
      }),
    ),
  )
  const { json } = (await images.get('a/b', ID)) ?? {}
  expect([...(json ?? '')].sort()).toEqual(['x', 'y', 'z'])
  expect(seen.length).toBeGreaterThanOrEqual(3)
  await store.put(v1UnfinishedKey('a/b', ID), Buffer.from('{'))
  expect(await images.get('a/b', ID)).toBeUndefined()
  await images.change('a/b', ID, (current) => {
    expect(current).toBeUndefined()
    return { json: 'again', isDone: false }
  })
  expect((await images.get('a/b', ID))?.json).toBe('again')
  expect(await images.get('a/c', ID)).toBeUndefined()
})
