/**
 * The workers of a server as processes: started, started again when one has ended, and stopped.
 *
 * Connections come in at the main process, which hands them to the workers in turn: so each has as many as the next
 * one, also where there are few. With sockets that share a port (SO_REUSEPORT) the kernel draws by lot, of 16
 * connections one of two workers had 11; and a second server on the same port would not be noticed.
 *
 * @module
 */

import cluster, { type Worker } from 'node:cluster'
import type { AddressInfo } from 'node:net'
import type { RequestLogger } from '../../api/env.ts'
import type { Settings } from '../../compose/settings.ts'
import { StartError } from '../errors.ts'
import { createLine, type Line } from './line.ts'
import type { Place, ToMain, ToWorker } from './questions.ts'
import { restartDelay } from './restart.ts'

/** A worker that runs. */
export interface Member {
  readonly number: number
  readonly line: Line<ToWorker>
  readonly process: Worker
}

export interface CrewOptions {
  readonly settings: Pick<Settings, 'workers' | 'listen'>
  readonly logger: RequestLogger
  /** Makes what answers a worker; what is about its start is answered here. */
  readonly answering: (
    number: number,
  ) => (question: Exclude<ToMain, { readonly what: Start }>) => unknown
  /** Is told of a worker that has ended. */
  readonly ended: (number: number) => void
}

type Start = 'hello' | 'listening' | 'failed'

/** The workers of this process. */
export interface Crew {
  /** Starts them. @returns where they listen, once all do @throws StartError when one cannot start */
  start(): Promise<AddressInfo>
  /** Those that listen. */
  members(): readonly Member[]
  /** Has all end. Those that have not done so by then are killed. @param patience milliseconds */
  stop(patience: number): Promise<void>
}

/** Prepares workers: copies of this process, with its arguments. */
export const createCrew = ({ settings, logger, answering, ended }: CrewOptions): Crew => {
  const { workers } = settings
  cluster.schedulingPolicy = cluster.SCHED_RR
  // As many as here, whatever `auto` may be by then.
  cluster.setupPrimary({ args: [...process.argv.slice(2), `--workers=${workers}`] })
  const listening = new Map<number, Member>()
  const timers = new Set<NodeJS.Timeout>()
  const started = Promise.withResolvers<AddressInfo>()
  let begun = false
  let stopping = false
  let listen = settings.listen
  let address: AddressInfo | undefined

  const arrived = (member: Member, at: AddressInfo): void => {
    listening.set(member.number, member)
    address ??= at
    if (begun) logger.info({ worker: member.number }, 'a worker listens again')
    else if (listening.size === workers) {
      begun = true
      started.resolve(address)
    }
  }

  /** Where a worker is to listen: a port that was drawn stays, also when nobody is left who has it. */
  const placeOf = (number: number): Place => {
    if (address !== undefined && listening.size === 0) listen = { ...listen, port: address.port }
    return { number, of: workers, listen }
  }

  const fork = (number: number, waited: number): void => {
    const born = performance.now()
    const worker = cluster.fork()
    const answer = answering(number)
    const line: Line<ToWorker> = createLine<ToWorker, ToMain>(
      // One that has just ended hears nothing, and its line is closed soon.
      (message) => void (worker.isConnected() && worker.send(message, () => {})),
      (question): unknown => {
        if (question.what === 'hello') return placeOf(number)
        if (question.what === 'listening')
          return arrived({ number, line, process: worker }, question.address)
        if (question.what !== 'failed') return answer(question)
        if (begun) logger.error({ worker: number, why: question.why }, 'a worker cannot start')
        else started.reject(new StartError(question.why))
      },
    )
    worker.on('message', line.hear)
    // It ends by itself, or is gone.
    worker.on('error', () => {})
    worker.once('exit', (code, signal) => {
      listening.delete(number)
      line.close()
      ended(number)
      if (stopping) return
      if (!begun) {
        started.reject(new StartError(`a worker has ended at its start: ${signal ?? code}`))
        return
      }
      const again = restartDelay(waited, performance.now() - born)
      logger.error(
        { worker: number, code, signal, milliseconds: again },
        'a worker has ended, and is started again',
      )
      const timer = setTimeout(() => {
        timers.delete(timer)
        fork(number, again)
      }, again)
      timers.add(timer)
    })
  }

  const all = (): Worker[] =>
    Object.values(cluster.workers ?? {}).filter((each) => each !== undefined)
  const kill = (): void => {
    for (const worker of all()) worker.process.kill('SIGKILL')
  }

  return {
    async start() {
      for (let number = 1; number <= workers; number++) fork(number, 0)
      try {
        return await started.promise
      } catch (error) {
        stopping = true
        kill()
        throw error
      }
    },
    members: () => [...listening.values()],
    async stop(patience) {
      stopping = true
      for (const timer of timers) clearTimeout(timer)
      const running = all()
      const gone = running.map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
      for (const { line } of listening.values()) void line.ask({ what: 'stop' }).catch(() => {})
      const members = new Set([...listening.values()].map((member) => member.process))
      // Those that do not listen yet serve nobody.
      for (const worker of running) if (!members.has(worker)) worker.process.kill('SIGKILL')
      const killer = setTimeout(kill, patience)
      await Promise.all(gone)
      clearTimeout(killer)
    },
  }
}
