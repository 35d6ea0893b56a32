/**
 * Rates of requests.
 *
 * @module
 */

import type { Http } from '../../transfer/registry/http.ts'
import type { Io } from '../io.ts'

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 }

/** Milliseconds between two requests of a rate such as `20/s`, `300/m` or `100/h`; undefined for what is none. */
export const rateOf = (text: string): number | undefined => {
  const [, count, unit = ''] = text.match(/^(\d{1,6})\/([smh])$/) ?? []
  return Number(count) > 0 ? UNITS[unit]! / Number(count) : undefined
}

/** Sends no two requests closer to each other than this. @param gap milliseconds */
export const paced =
  ({ now, sleep }: Pick<Io, 'now' | 'sleep'>, gap: number) =>
  (http: Http): Http => {
    let next = 0
    const turn = async (): Promise<void> => {
      const wait = next - now()
      next = Math.max(next, now()) + gap
      if (wait > 0) await sleep(wait)
    }
    return {
      async send(outgoing) {
        await turn()
        return http.send(outgoing)
      },
      async open(outgoing) {
        await turn()
        return http.open(outgoing)
      },
      close: () => http.close(),
    }
  }
