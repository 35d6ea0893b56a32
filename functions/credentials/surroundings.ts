/**
 * What a job has.
 *
 * @module
 */

/** What the helper has of the job that runs it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** A file's text. */
  readonly readFile: (path: string) => Promise<string>
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>
  /** Clock in milliseconds. */
  readonly now: () => number
}
