import { setImmediate as turnEnds } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurn } from '../../functions/node/http-server.ts'

/** Notes in what order things happen. */
const noting = () => {
  const noted: string[] = []
  return { noted, note: (what: string) => () => noted.push(what) }
}

test('all who wait in a turn go on one right after the other, when it ends', async () => {
  const endOfTurn = createTurn()
  const { noted, note } = noting()
  void endOfTurn().then(note('first'))
  process.nextTick(note('the rest of the turn'))
  await Promise.resolve()
  void endOfTurn().then(note('second'))
  setImmediate(note('the next turn'))
  await turnEnds()
  expect(noted).toEqual(['the rest of the turn', 'first', 'second', 'the next turn'])
})

test('who waits in the next turn waits for its end', async () => {
  const endOfTurn = createTurn()
  const { noted, note } = noting()
  await endOfTurn()
  void endOfTurn().then(note('waited'))
  await Promise.resolve()
  expect(noted).toEqual([])
  await turnEnds()
  expect(noted).toEqual(['waited'])
})
