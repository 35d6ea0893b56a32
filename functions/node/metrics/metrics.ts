/**
 * What a server tells Prometheus. Loaded only with `--metrics`: without it, nothing is counted.
 *
 * @module
 */

import type { Server } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { ObjectStore } from '../../storage/store.ts'
import type { UpstreamWatch } from '../../upstreams/watch.ts'
import { countRequests } from './requests.ts'
import { countCalls } from './store.ts'
import type { Values } from './sum.ts'
import { createTable, type Table } from './table.ts'
import { countUpstreams } from './upstreams.ts'

/** What is read when somebody asks. */
export interface Readings {
  /** Bytes. */
  readonly uploadMemory: () => number
  readonly isReady: () => boolean
}

export interface Metrics {
  /** Counts a store's calls from now on. */
  store(store: ObjectStore, kind: 's3' | 'file'): ObjectStore
  /** Counts a server's requests from now on. */
  requests(server: Server): void
  /** Counts a lookup in memory. */
  looked(found: boolean): void
  /** Counts a clean-up that has ended. */
  cleanedUp(outcome: string): void
  /** Counts what is not as the policy requires. */
  guarded(action: 'push' | 'pull', outcome: 'refused' | 'reported'): void
  /** Counts an event that a receiver is not told of. */
  eventDropped(): void
  /** Counts what becomes of pulls from upstreams. */
  readonly upstreams: UpstreamWatch
  /** Content type of {@link text}. */
  readonly contentType: string
  /** All metrics as they are now, in Prometheus's text format. */
  text(readings: Readings): Promise<string>
  /** The same, to be added to those of other processes: see sum.ts. */
  values(readings: Readings): Promise<Values>
}

/** Sets what the process itself is like. */
const processReader = (table: Table): (() => void) => {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  table.started.set(Math.round(Date.now() / 1000 - process.uptime()))
  let cpuBefore = 0
  return () => {
    const { user, system } = process.cpuUsage()
    const cpu = (user + system) / 1e6
    table.cpu.inc(Math.max(0, cpu - cpuBefore))
    cpuBefore = cpu
    const { rss, heapUsed } = process.memoryUsage()
    table.memory.set(rss)
    table.heap.set(heapUsed)
    table.lag.set(delay.percentile(99) / 1e9)
    delay.reset()
  }
}

/** Metrics of a process. */
export const createMetrics = (): Metrics => {
  const table = createTable()
  const readProcess = processReader(table)
  const read = ({ uploadMemory, isReady }: Readings): void => {
    readProcess()
    table.uploadMemory.set(uploadMemory())
    table.ready.set(isReady() ? 1 : 0)
  }
  return {
    store: (store, kind) => countCalls(store, kind === 's3' ? 's3aws' : 'filesystem', table),
    requests: (server) => countRequests(server, table),
    looked(found) {
      table.cache.inc({ type: 'Request' })
      table.cache.inc({ type: found ? 'Hit' : 'Miss' })
    },
    cleanedUp(outcome) {
      table.cleanUps.inc({ outcome })
      table.lastCleanUp.set(Math.round(Date.now() / 1000))
    },
    guarded: (action, outcome) => table.guarded.inc({ action, outcome }),
    eventDropped: () => table.eventsDropped.inc(),
    upstreams: countUpstreams(table),
    contentType: table.registry.contentType,
    text(readings) {
      read(readings)
      return table.registry.metrics()
    },
    values(readings) {
      read(readings)
      return table.registry.getMetricsAsJSON()
    },
  }
}
