/**
 * The registry as on AWS, on loopback: the Web Function's bundle behind its emulated endpoint, on the
 * strict S3 of the tests, with an account.
 *
 * @module
 */

import { createRevision, type Revision } from '../../emulators/web-function/environment.ts'
import { settingsAt, type WebFunctionHabits } from '../../emulators/web-function/habits.ts'
import {
  type Endpoint,
  type EndpointLimits,
  startEndpoint,
} from '../../emulators/web-function/server.ts'
import { type OnBucket, startOnBucket } from './behind-gateway.ts'

export interface BehindEndpoint extends Pick<OnBucket, 's3' | 'alice'> {
  readonly endpoint: Endpoint
  /** The function; the same code and settings each time it is deployed. */
  readonly revision: Revision
  close(): Promise<void>
}

/** Starts it; anonymous users may pull below `open/`. @param limits see EndpointOptions */
export const startBehindEndpoint = async (
  habits: WebFunctionHabits,
  limits: Partial<EndpointLimits> = {},
): Promise<BehindEndpoint> => {
  const { s3, alice, env } = await startOnBucket()
  let revision: Revision | undefined
  const endpoint = await startEndpoint({
    habits,
    limits,
    open: (url) => {
      revision = createRevision(habits, {
        ...env,
        ...settingsAt(habits),
        SLIPWAY_PUBLIC_URL: url,
        AWS_ACCESS_KEY_ID: s3.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      })
      return revision.start
    },
  })
  const close = async () => {
    await endpoint.stop()
    revision?.remove()
    await s3.close()
  }
  return { endpoint, s3, alice, revision: revision!, close }
}
