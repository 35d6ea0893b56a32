/**
 * The second half of a run by itself: the pool beside the links, which are noted as a walk of all repositories would
 * have noted them. Its store is in the process, whose memory and CPU have it in them.
 *
 * Usage: node --expose-gc bench/clean-up/pool.ts '{"repositories":100000,"images":2,"blobs":49}'
 *
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPieces } from '../../functions/registry/clean-up/pieces.ts'
import { newPlan, plan } from '../../functions/registry/clean-up/plan.ts'
import { TIMES } from '../../functions/registry/clean-up/terms.ts'
import { KEPT } from '../../functions/registry/usage/tally.ts'
import { measureUsage } from '../process-usage.ts'
import { openDirect } from './direct.ts'
import { nameOf } from './generated.ts'
import { openNumbers, type Shape } from './shape.ts'
import { createVirtualClock } from './virtual.ts'
import { openWorldOf } from './world.ts'

/** Pages between two looks at the heap. */
const LOOK = 500

const shape: Shape = JSON.parse(process.argv[2] ?? '')
const directory = mkdtempSync(join(tmpdir(), 'slipway-bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
const numbers = openNumbers(shape)
const clock = createVirtualClock()
const now = new Date()
const store = clock.watch(openDirect(openWorldOf(numbers), () => now, directory))
const used = measureUsage(process.pid)
const say = (text: string): void => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  const [peak, heap] = [used().peakBytes, heapUsed + external].map((each) => Math.round(each / 1e6))
  console.log(`${text}: ${peak} MB, heap ${heap} MB, CPU ${used().cpuSeconds} s`)
}

say('Begin')
const state = newPlan(openPieces(store, 'run/'))
for (let at = 0; at < shape.repositories; at++) {
  await state.names.push(Buffer.from(nameOf(at)))
  for (let image = 0; image < shape.images; image++) {
    await state.links.add(numbers.manifestOf(at * shape.images + image), at, KEPT)
  }
  for (let blob = 0; blob < shape.images * shape.blobs; blob++) {
    await state.links.add(numbers.blobOf(at, blob), at, KEPT)
  }
}
say('Links')
state.phase = 'pool'
let pages = 0
await plan(store, state, {
  terms: { ...TIMES, date: now.getTime() },
  report: () => {},
  note: () => {},
  monotonic: () => 0,
  pause: async ({ totals }) => {
    if (pages++ % LOOK === 0) say(`${totals.seen.data.things} things`)
    return false
  },
})
say('End')
console.log(
  JSON.stringify({ calls: clock.calls(), steps: clock.steps(), seconds: clock.now() / 1000 }),
)
