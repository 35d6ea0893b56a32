/**
 * Processes of a soak, as seen by the test.
 *
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Bucket } from '../support/live/s3.ts'
import type { Aims } from './aim.ts'
import type { Order, Told, Work, WorkerOptions } from './worker.ts'

const start = async <Ready>(
  file: string,
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly ready: Ready }> => {
  const child = fork(join(import.meta.dirname, file), [...args], { stdio: 'inherit', execArgv: [] })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} has ended with ${code}`)
  })
  const [ready] = (await Promise.race([once(child, 'message'), ended])) as [Ready]
  ended.catch(() => {})
  return { child, ready }
}

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

const isTold = (message: object): message is Told => 'aim' in message

/** Says something, and waits for what it says. */
const ask = <Answer>(child: ChildProcess, message: object): Promise<Answer> =>
  new Promise((resolve) => {
    const listen = (said: object): void => {
      if (isTold(said)) return
      child.off('message', listen)
      resolve(said as Answer)
    }
    child.on('message', listen)
    child.send(message)
  })

/** A server or a collector. */
export interface Worker {
  /** Where it serves. */
  readonly url: string
  /** Starts runs without end. */
  keepCollecting(times: Extract<Order, { times: unknown }>['times']): void
  stopCollecting(): Promise<Work>
  /** Has those told who come for what runs beside pushers are about to take. */
  onAim(tell: Aims['tell']): void
  /** One run. */
  collect(times: Extract<Order, { times: unknown }>['times'], closed?: boolean): Promise<Work>
  end(): Promise<void>
}

/** Starts a worker. */
export const startWorker = async (options: WorkerOptions): Promise<Worker> => {
  const { child, ready } = await start<{ url: string }>('worker.ts', [JSON.stringify(options)])
  const order = (each: Order): Promise<Work> => ask(child, each)
  return {
    url: ready.url,
    keepCollecting: (times) => void child.send({ order: 'keep collecting', times } satisfies Order),
    onAim: (tell) =>
      void child.on('message', async (said: object) => {
        if (!isTold(said)) return
        await tell(said.aim)
        if (child.connected) child.send({ order: 'go on', id: said.id } satisfies Order)
      }),
    stopCollecting: () => order({ order: 'stop collecting' }),
    collect: (times, closed = false) => order({ order: 'collect', times, closed }),
    end: () => end(child),
  }
}

/** The strict S3, and how it fails. */
export interface FailingS3 {
  readonly place: Bucket
  /** Lets this share of all calls fail from now on. @returns how many calls there were, and faults by kind */
  fail(share: number): Promise<{ calls: number; counts: Readonly<Record<string, number>> }>
  end(): Promise<void>
}

/** Starts the strict S3. */
export const startFailingS3 = async (): Promise<FailingS3> => {
  const { child, ready } = await start<Bucket>('s3.ts', [])
  return { place: ready, fail: (share) => ask(child, { share }), end: () => end(child) }
}
