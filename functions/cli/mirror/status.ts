/**
 * What is said of runs.
 *
 * @module
 */

import { createTable } from '../aligned.ts'
import type { Io } from '../io.ts'
import { durationShown } from '../push-lines.ts'
import type { Rule } from './parse.ts'
import type { Report } from './run.ts'
import type { State } from './state.ts'

/** A line of a run. */
export const reportLine = (rule: string, report: Report): string => {
  const { copied, there, deleted, failures, stopped, givenUp, began, ended } = report
  const gone = deleted === 0 ? '' : `, ${deleted} deleted`
  const failed = failures.length === 0 ? '' : `, ${failures.length} failed`
  const early = stopped || givenUp ? '; it ended before all was done' : ''
  const took = durationShown((ended - began) / 1000)
  return `${rule}: ${copied} copied, ${there} there${gone}${failed}, in ${took}${early}`
}

/** A run for programs. */
export const reportObject = (rule: string, report: Report): object => {
  const { began, ended, copied, there, deleted, failures, stopped, givenUp } = report
  return {
    ...{ event: 'run', rule, began: new Date(began), ended: new Date(ended) },
    ...{ copied, there, deleted, failed: failures.length, stopped: stopped || givenUp },
  }
}

const timeOf = (at: number | undefined): string =>
  at === undefined ? 'never' : new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

/**
 * Prints the last run of each rule.
 *
 * @returns whether each has done all there was to do
 */
export const printStatus = (
  io: Pick<Io, 'print' | 'width' | 'now'>,
  rules: readonly Rule[],
  state: Pick<State, 'of'>,
  json: boolean,
): boolean => {
  const runs = rules.map(({ name }) => ({ name, last: state.of(name) }))
  const lagOf = (good: number | undefined): number | undefined =>
    good === undefined ? undefined : Math.max(0, Math.round((io.now() - good) / 1000))
  if (json) {
    for (const { name, last } of runs) {
      const { began, ended, away, after, good, ...rest } = last ?? {}
      const times = last && { began: new Date(began!), ended: new Date(ended!) }
      io.print(JSON.stringify({ rule: name, ...times, lag: lagOf(good) ?? null, ...rest }))
    }
  } else {
    const right = (title: string) => ({ title, right: true }) as const
    const counts = ['COPIED', 'THERE', 'DELETED', 'FAILED'].map(right)
    const titles = [{ title: 'RULE', least: 8 }, { title: 'LAST RUN' }, right('TOOK'), right('LAG')]
    const table = createTable(io, [...titles, ...counts])
    for (const { name, last } of runs) {
      const took = last === undefined ? '-' : durationShown((last.ended - last.began) / 1000)
      const lag = lagOf(last?.good)
      const { copied, there, deleted, failed } = last ?? {}
      const shown = [copied, there, deleted, failed].map((each) => String(each ?? '-'))
      const lagShown = lag === undefined ? '-' : durationShown(lag)
      table.row(name, timeOf(last?.began), took, lagShown, ...shown)
    }
    table.end()
    for (const { name, last } of runs) {
      for (const { what, why } of last?.failures ?? []) io.print(`${name}: ${what}: ${why}`)
    }
  }
  return runs.every(({ last }) => last !== undefined && last.failed === 0 && !last.stopped)
}
