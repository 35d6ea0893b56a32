/**
 * The metrics of several processes as those of one server: counts, bytes and times of processors are sums, and of the
 * rest the table says which value counts.
 *
 * @module
 */

import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client'

/** The metrics of a process as they were at a moment. */
export type Values = readonly MetricObjectWithValues<MetricValue<string>>[]

/** The sum for a server. */
export interface Sum {
  /**
   * All metrics, in Prometheus's text format.
   *
   * @param own of the main process
   * @param workers of each worker, by its number
   */
  text(
    own: Values,
    workers: readonly (readonly [number: number, values: unknown])[],
  ): Promise<string>
  /** A worker has ended: what it has counted, as of the last time, goes on to count. */
  ended(number: number): void
}

/** prom-client writes, but does not declare, what `Registry.getMetricsAsJSON` gives. */
const added = (all: readonly Values[]) => AggregatorRegistry.aggregate(all as unknown as object[])

/** What does not go back when a process ends. */
const counts = (values: Values): Values =>
  values.filter(({ type }) => ['counter', 'histogram'].includes(String(type)))

/** Nothing yet. */
export const createSum = (): Sum => {
  const last = new Map<number, Values>()
  let past: Values = []
  return {
    async text(own, workers) {
      // Without this it would grow with each worker that ends.
      past = await added([past]).getMetricsAsJSON()
      for (const [number, values] of workers) last.set(number, values as Values)
      return added([own, past, ...last.values()]).metrics()
    },
    ended(number) {
      past = [...past, ...counts(last.get(number) ?? [])]
      last.delete(number)
    },
  }
}
