/**
 * What commands have of the process that runs them; nothing else reaches outside.
 *
 * @module
 */

import type { EdgeCache, EdgeCachePlace } from '../compose/aws/edge-cache.ts'
import type { StoreSettings } from '../compose/setting-table.ts'
import type { ObjectStore } from '../storage/store.ts'
import type { Progress } from './progress.ts'

/** The world outside a command. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadStream
  /** Who runs it, and on which machine: `alice@laptop`. */
  readonly user: () => string
  /** Clock in milliseconds. */
  readonly now: () => number
  /** Columns of the terminal that lines are printed on; absent where they go elsewhere. */
  readonly width?: number | undefined
  /** Writes a line of the result, to standard output. */
  readonly print: (line: string) => void
  /** Writes a line for the person, to standard error. */
  readonly say: (line: string) => void
  /** Shows how far a long command is, where somebody watches. */
  readonly progress: () => Progress
  /** A new password, asked for or piped in. @throws CommandError when there is none */
  readonly readPassword: (fromStdin: boolean) => Promise<string>
  /** A file's text; `-` is standard input. */
  readonly readFile: (path: string) => Promise<string>
  /** Opens the store that the settings name. */
  readonly openStore: (settings: StoreSettings) => Promise<ObjectStore>
  /** Opens what an edge keeps of public repositories. */
  readonly openEdgeCache: (place: EdgeCachePlace) => Promise<EdgeCache>
  /** Waits for this many milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<unknown>
  /** Calls the listener whenever the process is asked to stop, by SIGINT or SIGTERM. */
  readonly onStop: (listener: () => void) => void
  /** Calls the listener at each SIGHUP, which then does not end the process. */
  readonly onReload: (listener: () => void) => void
  /** Ends the process, whatever is under way. */
  readonly exit: (code: number) => void
}
