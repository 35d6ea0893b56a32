/**
 * What goes on at a time with an upstream, and who waits for it.
 *
 * @module
 */

import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createSlots } from '../../functions/upstreams/client/slots.ts'

const HOST = 'up.example'
const full = (message: string) =>
  expect.objectContaining({
    failure: 'full',
    retryAfter: 5_000,
    message: expect.stringContaining(message),
  })

test('whoever came first has the next slot, and it is given back once', async () => {
  const take = createSlots(1, HOST)
  const release = await take()
  const order: string[] = []
  const second = take().then((own) => {
    order.push('second')
    return own
  })
  const third = take().then(() => order.push('third'))
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
  const release = await take()
  await expect(take(1)).rejects.toEqual(full('waited for 1 ms'))
  const waiting = take()
  release()
  const own = await waiting
  own()
  await (await take(1))()
})

test('only so many wait', async () => {
  const take = createSlots(1, HOST, 2)
  const release = await take()
  const waiting = [take(), take()]
  await expect(take()).rejects.toEqual(full('2 wait'))
  release()
  ;(await waiting[0]!)()
  await waiting[1]
  const another = take(1)
  await expect(another).rejects.toEqual(full('waited'))
})
