/**
 * A registry under a load that no machine of ours can make: requests, instances and S3 in a time that is only counted.
 *
 * One in so many of everything is simulated: of the requests, of what each limit allows and so of the instances. Shares and
 * times stay what they are; what is counted is multiplied again. The more is left out, the more of it is chance.
 *
 * @module
 */

import { quantile } from '../statistics.ts'
import { stepsOf } from './errands.ts'
import { createEvents } from './events.ts'
import { createLambda, createServers, type Host, type Place, tokenBucket } from './hosts.ts'
import type { Call, World } from './instance.ts'
import { keyFor, kindOf, type Subject } from './keys.ts'
import { FUNCTION_TIMEOUT } from './limits.ts'
import type { Access, Demand, Partitions } from './partitions.ts'
import { exponential, seeded } from './random.ts'
import type { RecordedCall, Waves } from './recorded.ts'
import type { Report } from './report.ts'
import type { Scenario, Sources } from './scenario.ts'

/** Seconds that S3 takes: the benchmark's 20 ms on average, never less than 15. */
const LEAST_LATENCY = 0.015
const MORE_LATENCY = 0.005

/** Seconds in which the load grows from nothing, and then some more before anything is counted. */
const RAMP = 10
const WARM_UP = 12
const COUNTED = 20

/** Seconds in which an errand is to be done. */
export const PATIENCE = 5

/** Simulates one scenario. What its partitions were asked is in the report. */
export const simulate = (scenario: Scenario, sources: Sources, partitions: Partitions): Report => {
  const { share, rate, popularity } = scenario
  const length = scenario.seconds ?? COUNTED
  const events = createEvents()
  const random = seeded(scenario.seed ?? 14)
  const latency = (): number => LEAST_LATENCY + exponential(random, MORE_LATENCY)
  const counts = { requests: 0, edge: 0, throttled: 0, failed: 0, cold: 0, busySeconds: 0 }
  const errands = { begun: 0, done: 0 }
  const calls = { read: 0, write: 0, refused: 0, downloads: 0, cdn: 0 }
  const took: number[] = []
  const demand = new Map<string, { kind: string; access: Access; count: number }>()
  const counted = (): boolean => events.now >= WARM_UP

  const asked = (key: string, access: Access, kind: string, isFirst: boolean): boolean => {
    const worked = partitions.take(key, access, events.now)
    if (!counted()) return worked
    if (worked) calls[access] += 1
    else calls.refused += 1
    if (isFirst) {
      const known = demand.get(key)
      if (known) known.count += 1
      else demand.set(key, { kind, access, count: 1 })
    }
    return worked
  }

  const world: World = {
    events,
    random,
    latency,
    retries: scenario.retries,
    remembers: scenario.remembers,
    ask: (call, tried) => asked(call.key, call.access, call.kind, tried === 0),
  }
  const { host: wanted } = scenario
  const host: Host =
    wanted.kind === 'servers'
      ? createServers(Math.max(1, Math.round(wanted.count / share)), world)
      : createLambda(
          {
            concurrency: wanted.concurrency / share,
            perTenSeconds: wanted.perTenSeconds / share,
            requestsPerSecond: (wanted.concurrency * wanted.requestsPerInstance) / share,
          },
          world,
          events,
          random,
          wanted.warm,
        )
  const gateway =
    wanted.kind === 'lambda'
      ? tokenBucket(wanted.rate / share, Math.max(1, wanted.burst / share))
      : undefined

  const callOf = (recorded: RecordedCall, subject: Subject, blob: number): Call => ({
    key: keyFor(recorded.key, subject, blob),
    kind: kindOf(recorded.key),
    access: recorded.access,
    remembered: recorded.remembered,
  })

  /** Does one wave after the other. */
  const work = (
    waves: Waves,
    subject: Subject,
    blob: number,
    place: Place,
    done: (worked: boolean) => void,
    at = 0,
  ): void => {
    const wave = waves[at]
    if (wave === undefined) {
      done(true)
      return
    }
    const all = wave.map((each) => callOf(each, subject, blob))
    place.instance.perform(all, (worked) => {
      if (worked) work(waves, subject, blob, place, done, at + 1)
      else done(false)
    })
  }

  /** A request to the registry. */
  const request = (
    name: string,
    subject: Subject,
    blob: number,
    done: (worked: boolean) => void,
  ): void => {
    const began = events.now
    if (counted()) counts.requests += 1
    const kept = scenario.edge?.(name, rate * popularity.share(subject.repository)) ?? 0
    if (random() < kept) {
      if (counted()) counts.edge += 1
      events.after(MORE_LATENCY, () => done(true))
      return
    }
    const place = gateway?.take(events.now) === false ? undefined : host.enter()
    if (place === undefined) {
      if (counted()) counts.throttled += 1
      done(false)
      return
    }
    const own = (sources.own(name) + (place.isNew ? sources.coldStart : 0)) / 1000
    let isOver = false
    const end = (worked: boolean): void => {
      if (isOver) return
      isOver = true
      place.release()
      if (counted()) {
        counts.busySeconds += events.now - Math.max(began, WARM_UP)
        if (place.isNew) counts.cold += 1
        if (worked) took.push((events.now - began) * 1000)
        else counts.failed += 1
      }
      done(worked)
    }
    if (wanted.kind === 'lambda') events.after(FUNCTION_TIMEOUT / 1000, () => end(false))
    events.after(own, () => work(sources.recorded[name] ?? [], subject, blob, place, end))
  }

  /** A client's own GET of a blob's data, at S3 or at CloudFront. */
  const download = (subject: Subject, blob: number, done: (worked: boolean) => void): void => {
    const kept = scenario.downloads?.(rate * popularity.share(subject.repository)) ?? 0
    if (random() < kept) {
      if (counted()) calls.cdn += 1
      events.after(MORE_LATENCY, () => done(true))
      return
    }
    if (counted()) calls.downloads += 1
    const key = keyFor(sources.dataKey, subject, blob)
    events.after(latency(), () => done(asked(key, 'read', kindOf(sources.dataKey), true)))
  }

  const errand = (subject: Subject): void => {
    const began = events.now
    // Later ones have no time to end.
    const isCounted = counted() && began < WARM_UP + length - PATIENCE
    if (isCounted) errands.begun += 1
    const steps = stepsOf(scenario.errand)
    const next = (at: number): void => {
      const step = steps[at]
      if (step === undefined) {
        if (isCounted && events.now - began <= PATIENCE) errands.done += 1
        return
      }
      let [left, allWorked] = [step.length, true]
      for (const { name, blob } of step) {
        const one = (worked: boolean): void => {
          left -= 1
          allWorked &&= worked
          if (left === 0 && allWorked) next(at + 1)
        }
        if (name === 'download') download(subject, blob, one)
        else request(name, subject, blob, one)
      }
    }
    next(0)
  }

  let number = 0
  const arrive = (): void => {
    const repository = popularity.pick(random)
    number += 1
    const isPush = scenario.errand === 'push'
    errand({
      repository,
      content: isPush ? -number : repository,
      tag: isPush ? `v${Math.floor(random() * 50)}` : 'latest',
    })
    const grown = Math.min(1, (events.now + 0.1) / RAMP)
    events.after(exponential(random, share / rate / grown), arrive)
  }
  arrive()
  events.runUntil(WARM_UP + length)
  const perSecond = share / length
  const demands = [...demand].map(
    ([key, { kind, access, count }]): Demand & { readonly kind: string } => ({
      key,
      kind,
      access,
      rate: count / length,
    }),
  )
  const hottest = demands.toSorted((a, b) => b.rate - a.rate)[0]
  const attempts = calls.read + calls.write + calls.refused
  return {
    scenario,
    requests: counts.requests * perSecond,
    edge: counts.edge / Math.max(1, counts.requests),
    throttled: counts.throttled / Math.max(1, counts.requests),
    failed: counts.failed / Math.max(1, counts.requests),
    complete: errands.done / Math.max(1, errands.begun),
    reads: calls.read * perSecond,
    writes: calls.write * perSecond,
    slowDown: calls.refused / Math.max(1, attempts),
    downloads: calls.downloads * perSecond,
    cdnDownloads: calls.cdn * perSecond,
    p50: took.length === 0 ? undefined : quantile(took, 0.5),
    p99: took.length === 0 ? undefined : quantile(took, 0.99),
    processes: host.count * share,
    busy: counts.busySeconds * perSecond,
    hottest: hottest && { kind: hottest.kind, key: hottest.key, rate: hottest.rate * share },
    demand: demands,
    partitions: partitions.count,
  }
}
