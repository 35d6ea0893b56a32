/**
 * What the main process of a server and its workers ask each other.
 *
 * @module
 */

import type { AddressInfo } from 'node:net'
import type { Settings } from '../../compose/settings.ts'
import type { Pull } from '../../registry/happened.ts'

/** What a worker asks or tells the main process. */
export type ToMain =
  /** It has started: its {@link Place}, please. */
  | { readonly what: 'hello' }
  | { readonly what: 'listening'; readonly address: AddressInfo }
  /** It cannot start; the reason is for the person who starts the server. */
  | { readonly what: 'failed'; readonly why: string }
  /** Whether a password is right. */
  | { readonly what: 'verify'; readonly password: string; readonly hash: string }
  /** May somebody log in? A {@link Begun}. */
  | { readonly what: 'attempt'; readonly account: string; readonly address: string }
  /** How that has ended. */
  | { readonly what: 'attempted'; readonly id: number; readonly how: Ending }
  /** A link has changed: answered when all others have forgotten it. */
  | { readonly what: 'forget'; readonly key: string }
  /** The delete of a whole repository is not done yet. */
  | { readonly what: 'remains' }
  | { readonly what: 'eventRecorded' }
  /** Does anybody want to know of pulls? */
  | { readonly what: 'pullsWanted' }
  | { readonly what: 'pulled'; readonly pull: Pull }

/** What the main process asks or tells a worker. */
export type ToWorker =
  /** What it has counted. */
  | { readonly what: 'metrics' }
  | { readonly what: 'forget'; readonly key: string }
  /** Look whether the files of certificates have changed. */
  | { readonly what: 'reload' }
  /** From now on say that it is not ready. */
  | { readonly what: 'stop soon' }
  /** End when the requests under way have ended. */
  | { readonly what: 'stop' }

/** What a worker is. */
export interface Place {
  /** 1 for the first; that of one that has ended is taken by the next. */
  readonly number: number
  /** How many workers there are. */
  readonly of: number
  readonly listen: Settings['listen']
}

/** How a log-in ends: see `Attempt`. */
export type Ending = 'succeeded' | 'failed' | 'withdrawn'

/** A log-in that was let through, or milliseconds to wait. */
export type Begun = { readonly id: number } | { readonly wait: number }
