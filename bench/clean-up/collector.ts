/**
 * One run of the clean-up, or one invocation of it, in a process of its own: tells its parent what it took.
 *
 * @module
 */

import { createS3Store } from '../../functions/storage/s3/store.ts'
import { runCleanUp } from './run.ts'

/** What it is told. */
export interface Job {
  readonly endpoint: string
  /** See {@link runCleanUp}. */
  readonly stopAfter?: number
}

const { endpoint, stopAfter }: Job = JSON.parse(process.argv[2] ?? '')
const store = createS3Store({
  bucket: 'bench',
  region: 'us-east-1',
  endpoint,
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  forcePathStyle: true,
})
process.send?.(await runCleanUp(store, stopAfter), () => process.disconnect())
