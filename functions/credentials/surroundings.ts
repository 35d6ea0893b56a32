/**
 * What a job has.
 *
 * @module
 */

import type { AwsPasswordOptions } from './aws.ts'

/** What the helper has of the job that runs it. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** A file's text. */
  readonly readFile: (path: string) => Promise<string>
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>
  /** A password made of AWS credentials; see `awsPassword`. */
  readonly awsPassword: (options: AwsPasswordOptions) => Promise<string>
  /** Clock in milliseconds. */
  readonly now: () => number
}
