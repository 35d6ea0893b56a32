/**
 * Runs of the clean-up over registries of many sizes: what they take of memory, of calls to S3 and of time.
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { NODE_OPTIONS } from '../../lib/clean-up.ts'
import type { Job } from '../clean-up/collector.ts'
import type { Ran } from '../clean-up/run.ts'
import type { Order, Told } from '../clean-up/s3.ts'
import { linksOf, type Shape } from '../clean-up/shape.ts'
import type { CleanedUp } from '../results.ts'

const HOUR = 60 * 60_000

/** Milliseconds after which the function of the stack is stopped: two minutes before Lambda would do it. */
const INVOCATION = 13 * 60_000

/** MiB of the heap: as in a function of 1 GiB. */
const HEAP = 900

const directory = join(import.meta.dirname, '../clean-up')

const messageOf = async <T>(child: ChildProcess): Promise<T> => {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const ended = (code: number | null): void => reject(new Error(`a process ended with ${code}`))
  child.once('message', resolve)
  child.once('exit', ended)
  try {
    return await promise
  } finally {
    child.off('message', resolve)
    child.off('exit', ended)
  }
}

/** A server of its own, for one registry. */
const startServer = async (shape: Shape) => {
  const child = fork(join(directory, 's3.ts'), [JSON.stringify(shape)])
  const { endpoint } = await messageOf<Told>(child)
  return {
    endpoint,
    order(order: Order): Promise<Told> {
      const told = messageOf<Told>(child)
      child.send(order)
      return told
    },
    async end(): Promise<void> {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

type Server = Awaited<ReturnType<typeof startServer>>

const runOnce = async (job: Job): Promise<Ran> => {
  const execArgv = ['--expose-gc', `--max-old-space-size=${HEAP}`, NODE_OPTIONS]
  const child = fork(join(directory, 'collector.ts'), [JSON.stringify(job)], { execArgv })
  const ended = once(child, 'exit')
  const ran = await messageOf<Ran>(child)
  await ended
  return ran
}

/** Runs until a run has ended. @param stopAfter milliseconds of each invocation */
const runAll = async (
  server: Server,
  shape: Shape,
  run: CleanedUp['run'],
  stopAfter: number,
): Promise<CleanedUp> => {
  await server.order({ count: true })
  const parts: Ran[] = []
  do {
    if (parts.length > 0) await server.order({ pass: HOUR })
    parts.push(await runOnce({ endpoint: server.endpoint, stopAfter }))
  } while (parts.at(-1)?.outcome === 'stopped')
  const { calls } = await server.order({ count: true })
  const sum = (of: (ran: Ran) => number): number => parts.reduce((all, each) => all + of(each), 0)
  const most = (of: (ran: Ran) => number): number => Math.max(...parts.map(of))
  const { planned, done } = parts.at(-1)!
  return {
    run,
    repositories: shape.repositories,
    links: linksOf(shape),
    calls,
    steps: sum(({ steps }) => steps),
    seconds: sum(({ milliseconds }) => milliseconds) / 1000,
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    peakBytes: most(({ peakBytes }) => peakBytes),
    heapBytes: most(({ heapBytes }) => heapBytes),
    invocations: parts.length,
    data: planned.seen.data.things,
    did: Object.fromEntries(Object.entries(done.steps).map(([step, { things }]) => [step, things])),
  }
}

/** Measures one registry: a first run, stopped as the stack's function is, one after pushes, and one with nothing new. */
const measure = async (shape: Shape, tell: (line: string) => void): Promise<CleanedUp[]> => {
  const all: CleanedUp[] = []
  const note = (one: CleanedUp): void => {
    all.push(one)
    const calls = Object.entries(one.calls).map(([name, count]) => `${count} ${name}`)
    tell(
      `${one.links} links, ${one.run}: ${calls.join(', ')}; ${one.steps} steps, ${Math.round(one.seconds)} s in ` +
        `${one.invocations}; CPU ${one.cpuSeconds.toFixed(1)} s; ${Math.round(one.peakBytes / 1e6)} MB, ` +
        `heap ${Math.round(one.heapBytes / 1e6)} MB; ${JSON.stringify(one.did)}`,
    )
  }
  const server = await startServer(shape)
  try {
    note(await runAll(server, shape, 'first', INVOCATION))
    // What the first has changed is read once more.
    await server.order({ pass: HOUR })
    await server.order({ push: true })
    await server.order({ pass: HOUR })
    note(await runAll(server, shape, 'changed', INVOCATION))
    await server.order({ pass: HOUR })
    note(await runAll(server, shape, 'unchanged', INVOCATION))
  } finally {
    await server.end()
  }
  return all
}

/** Measures registries of these sizes. @param tell is told what is going on */
export const measureCleanUp = async (
  shapes: readonly Shape[],
  tell: (line: string) => void,
): Promise<CleanedUp[]> => {
  const all: CleanedUp[] = []
  for (const shape of shapes) all.push(...(await measure(shape, tell)))
  return all
}
