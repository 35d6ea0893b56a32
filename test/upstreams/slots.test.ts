/**
 * What goes on at a time with an upstream, and who waits for it.
 *
 * @module
 */

import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createKindsOfSlots, createSlots } from '../../functions/upstreams/client/slots.ts'

const HOST = 'up.example'
const full = (message: string) =>
  expect.objectContaining({
    failure: 'full',
    retryAfter: 5_000,
    message: expect.stringContaining(message),
  })

test('whoever came first has the next slot, and it is given back once', async () => {
  const take = createSlots(1, HOST)
  const release = await take(1)
  const order: string[] = []
  const second = take(1).then((own) => {
    order.push('second')
    return own
  })
  const third = take(1).then(() => order.push('third'))
  await turn()
  expect(order).toEqual([])
  release()
  release()
  const own = await second
  await turn()
  expect(order).toEqual(['second'])
  own()
  await third
  expect(order).toEqual(['second', 'third'])
})

test('whoever waits for too long does not get one, and is in nobody else’s way', async () => {
  const take = createSlots(1, HOST)
  const release = await take(1)
  await expect(take(1, 1)).rejects.toEqual(full('waited for 1 ms'))
  const waiting = take(1)
  release()
  const own = await waiting
  own()
  ;(await take(1, 1))()
})

test('only so many wait', async () => {
  const take = createSlots(1, HOST, 2)
  const release = await take(1)
  const waiting = [take(1), take(1)]
  await expect(take(1)).rejects.toEqual(full('2 wait'))
  release()
  ;(await waiting[0]!)()
  await waiting[1]
  const another = take(1, 1)
  await expect(another).rejects.toEqual(full('waited'))
})

test('who has come through other registries has slots that nobody else gets, whoever has all of the rest', async () => {
  const take = createSlots(4, HOST)
  const all = await Promise.all([1, 1, 1, 1].map((hops) => take(hops)))
  const [second, third] = [await take(2, 1), await take(3, 1)]
  for (const hops of [1, 2, 3]) await expect(take(hops, 1)).rejects.toEqual(full('waited'))
  // Each is for the same number again, and the rest is for all.
  const [own, nextThird] = [take(1), take(3)]
  third()
  const again = await nextThird
  second()
  await (await take(2, 1))()
  all[0]!()
  await own
  const last = take(2)
  again()
  for (const release of all) release()
  await last
  for (const hops of [1, 2, 3]) await take(hops, 1)
})

test('pushes have half of what blobs have, so that one which hangs keeps no pull waiting', async () => {
  const { blobs, pushes, others } = createKindsOfSlots(16, HOST)
  const pushing = await Promise.all([1, 1, 1, 1, 1, 1].map((hops) => pushes(hops)))
  await expect(pushes(1, 1)).rejects.toEqual(full('waited'))
  const pulling = await Promise.all([1, 1, 1, 1, 1, 1].map((hops) => blobs(hops, 1)))
  await expect(blobs(1, 1)).rejects.toEqual(full('waited'))
  await others(1, 1)
  // One that waits for a connection has none of its own then, nor a place among pushes.
  pushing[0]!()
  const pull = await blobs(1, 1)
  await expect(pushes(1, 1)).rejects.toEqual(full('waited'))
  pull()
  const again = await pushes(1, 1)
  for (const release of [...pushing, ...pulling, again]) release()
  const all = await Promise.all([1, 1, 1, 1, 1, 1].map((hops) => pushes(hops, 1)))
  for (const release of all) release()
})

test.each([1, 2, 3, 4])('of %i connections there is one for pushes', async (count) => {
  const { pushes } = createKindsOfSlots(count, HOST)
  const release = await pushes(1, 1)
  release()
  await pushes(1, 1)
})
