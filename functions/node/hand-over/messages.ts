/**
 * How a command hands its work to the server that uses a directory, since there one process collects at a time: by
 * files in `.slipway/gc` there. Unlike a socket they have no longest path, and go wherever the directory is mounted.
 *
 * | file | |
 * |---|---|
 * | `<id>.request` | what is asked for. The command writes it, and touches it while it waits |
 * | `<id>.taken` | the same file, once the server has begun. The command goes on touching it, and removes it to end the work |
 * | `<id>.out` | what the server says, an object of JSON a line; the last one has `end` |
 *
 * @module
 */

import { join } from 'node:path'
import * as z from '../../shared/schema.ts'

/** Where requests are. */
export const requestsIn = (directory: string): string => join(directory, '.slipway', 'gc')

/** Milliseconds between two touches. */
export const TOUCH = 2000

/** Milliseconds without a touch after which nobody waits for the work. Clocks are not compared. */
export const ABANDONED = 30_000

/** The files of a request. */
export const filesOf = (directory: string, id: string) => {
  const path = (end: string): string => join(requestsIn(directory), `${id}.${end}`)
  return { request: path('request'), taken: path('taken'), out: path('out') }
}

/** What can be asked for. */
export const requestSchema = z.object({
  version: z.literal(1),
  what: z.enum(['run', 'release']),
  force: z.boolean(),
})

export type Request = z.output<typeof requestSchema>

/** How the work has ended. */
export type End =
  /** What `collect` or `release` returned; dates are texts. */
  | { readonly result: unknown }
  /** The server does not do it. */
  | { readonly refused: string }
  /** It threw. */
  | { readonly failed: string }

/** A line of what the server says; what is passed on is checked by nobody: both are of one version. */
export type Line =
  | { readonly begin: unknown }
  | { readonly thing: unknown }
  | { readonly note: readonly [repository: string, text: string] }
  | { readonly progress: string }
  | { readonly end: End }
