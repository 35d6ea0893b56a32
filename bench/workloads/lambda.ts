/**
 * What requests cost in a Lambda function: the handler as it is bundled for it, in processes of this
 * machine, on the S3 of tests.
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { bundleApi } from '../../packaging/bundle.ts'
import { loadedAtStart, sizeOf } from '../../packaging/bundle-size.ts'
import { sequentialSteps } from '../../test/emulators/s3/counter.ts'
import { type S3Server, startS3 } from '../../test/emulators/s3/server.ts'
import { cleanEnvironment, scratch } from '../../test/support/live/process.ts'
import type { Invoked } from '../results.ts'
import { summarize } from '../statistics.ts'
import type { Handled } from './lambda-process.ts'
import { type LambdaRequest, lambdaRequests } from './lambda-requests.ts'

/** Events of each kind that are timed in one process; as many before them warm it up. */
const EVENTS = 30

/** Milliseconds of each call to S3 while calls are counted, for those made at once to overlap. */
const COUNTING_DELAY = 40

/** A process with the handler in it. */
interface Instance {
  invoke(event: APIGatewayProxyEventV2): Promise<Handled>
  end(): Promise<void>
}

const startInstance = (handler: string, s3: S3Server): Instance => {
  const child: ChildProcess = fork(join(import.meta.dirname, 'lambda-process.ts'), [handler], {
    env: {
      ...cleanEnvironment(),
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      SLIPWAY_AUTH: 'off',
      SLIPWAY_STORE: `s3://${s3.bucket}/registry`,
      SLIPWAY_S3_ENDPOINT: s3.endpoint,
      SLIPWAY_S3_REGION: s3.region,
      SLIPWAY_LOG_LEVEL: 'silent',
    },
  })
  let pending = Promise.withResolvers<Handled>()
  child.on('message', (handled: Handled) => pending.resolve(handled))
  child.on('exit', (code) => pending.reject(new Error(`the handler's process ended with ${code}`)))
  return {
    async invoke(event) {
      pending = Promise.withResolvers<Handled>()
      child.send(event)
      const handled = await pending.promise
      if (handled.status >= 500) throw new Error(`${event.rawPath}: ${handled.status}`)
      return handled
    },
    async end() {
      pending.promise.catch(() => {})
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}

interface Work {
  readonly s3: S3Server
  /** Path of the bundle. */
  readonly handler: string
  /** A process for what must come before a request. */
  readonly helper: Instance
}

/** The calls to S3 of an event, and how many had to wait for one another. */
const countCalls = async ({ counter, faults }: S3Server, invoke: () => Promise<Handled>) => {
  counter.reset()
  faults.latency(COUNTING_DELAY)
  try {
    await invoke()
    return { calls: counter.counts, steps: sequentialSteps(counter.log) }
  } finally {
    faults.clear()
  }
}

const cold = async (work: Work, kind: LambdaRequest, rounds: number): Promise<Invoked> => {
  const { s3, handler, helper } = work
  const first = async (): Promise<Handled> => {
    const event = await kind.event(helper.invoke)
    s3.counter.reset()
    const instance = startInstance(handler, s3)
    try {
      return await instance.invoke(event)
    } finally {
      await instance.end()
    }
  }
  const handled: Handled[] = []
  for (let round = 0; round < rounds; round++) handled.push(await first())
  const event = await kind.event(helper.invoke)
  const instance = startInstance(handler, s3)
  try {
    const counted = await countCalls(s3, () => instance.invoke(event))
    return {
      request: kind.request,
      start: 'cold',
      milliseconds: summarize(handled.map(({ milliseconds }) => milliseconds)),
      ...counted,
      peakBytes: Math.max(...handled.map(({ peakBytes }) => peakBytes)),
    }
  } finally {
    await instance.end()
  }
}

const warm = async ({ s3, handler, helper }: Work, kind: LambdaRequest): Promise<Invoked> => {
  const instance = startInstance(handler, s3)
  try {
    const handled: Handled[] = []
    for (let at = 0; at < 2 * EVENTS; at++) {
      handled.push(await instance.invoke(await kind.event(helper.invoke)))
    }
    const event = await kind.event(helper.invoke)
    const counted = await countCalls(s3, () => instance.invoke(event))
    return {
      request: kind.request,
      start: 'warm',
      milliseconds: summarize(handled.slice(EVENTS).map(({ milliseconds }) => milliseconds)),
      ...counted,
      peakBytes: Math.max(...handled.map(({ peakBytes }) => peakBytes)),
    }
  } finally {
    await instance.end()
  }
}

/** What was measured, and bytes of the code that a cold start reads. */
export interface Lambda {
  readonly invoked: Invoked[]
  readonly startBytes: number
}

/**
 * Measures requests, cold and warm.
 *
 * @param tell is told what is going on
 * @param only the kind of requests by its name. Default: all kinds
 */
export const measureLambda = async (
  rounds: number,
  tell: (line: string) => void,
  only?: string,
): Promise<Lambda> => {
  const directory = scratch('bundle')
  const bundle = join(directory.path, 'bundle')
  mkdirSync(bundle)
  const { outputs } = bundleApi(bundle)
  const startBytes = sizeOf(outputs, loadedAtStart(outputs))
  const s3 = await startS3()
  const handler = join(bundle, 'api.mjs')
  const helper = startInstance(handler, s3)
  try {
    const all: Invoked[] = []
    for (const kind of await lambdaRequests(helper.invoke)) {
      if (only !== undefined && kind.request !== only) continue
      const work = { s3, handler, helper }
      for (const invoked of [await cold(work, kind, rounds), await warm(work, kind)]) {
        const { start, milliseconds, steps, peakBytes } = invoked
        const memory = `${(peakBytes / 1e6).toFixed(0)} MB`
        tell(`${kind.request}, ${start}: ${milliseconds.median} ms, ${steps} steps, ${memory}`)
        all.push(invoked)
      }
    }
    return { invoked: all, startBytes }
  } finally {
    await helper.end()
    await s3.close()
    directory.remove()
  }
}
