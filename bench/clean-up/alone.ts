/**
 * Runs over a registry that is too large for a server of its own on a small machine: its store is in the process of
 * the runs, whose memory and CPU have it in them.
 *
 * Usage: node --expose-gc bench/clean-up/alone.ts
 * '{"shape":{"repositories":100000,"images":2,"blobs":49},"runs":[780000,780000],"directory":"/var/tmp/x"}'
 *
 * @module
 */

import { openDirect } from './direct.ts'
import { type Ran, runCleanUp } from './run.ts'
import type { Shape } from './shape.ts'
import { openWorld } from './world.ts'

const HOUR = 60 * 60_000

/** What it is told. */
interface Work {
  readonly shape: Shape
  /** Of each run, milliseconds of an invocation; 0: it is not stopped. */
  readonly runs: readonly number[]
  /** For what the runs write. */
  readonly directory: string
}

const { shape, runs, directory }: Work = JSON.parse(process.argv[2] ?? '')
let ahead = 0
const now = (): Date => new Date(Math.floor((Date.now() + ahead) / 1000) * 1000)
const store = openDirect(openWorld(shape), now, directory)
for (const stopAfter of runs) {
  const parts: Ran[] = []
  do {
    ahead += HOUR
    const most = stopAfter === 0 ? Number.POSITIVE_INFINITY : stopAfter
    parts.push(await runCleanUp(store, most, (line) => console.error(line)))
  } while (parts.at(-1)?.outcome === 'stopped')
  console.log(JSON.stringify(parts))
}
