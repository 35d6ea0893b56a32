/**
 * The function that copies blobs of upstreams into the store: the one behind the API has it called when it sends a client
 * elsewhere, and it has itself called where the time of an invocation is not enough.
 *
 * @module
 */

import type { Context } from 'aws-lambda'
import { fillBlob, openFilling, wantedIn } from '../compose/aws/filling.ts'
import { invokeLater } from '../compose/aws/invoke-later.ts'
import { readLambdaSettings } from '../compose/aws/read-settings.ts'
import { createLogger } from '../compose/logger.ts'
import { openStore } from '../compose/open-store.ts'
import { once } from '../shared/once.ts'

/** What Lambda calls for each blob. */
export type FillHandler = (
  event: object,
  context: Pick<Context, 'invokedFunctionArn' | 'getRemainingTimeInMillis'>,
) => Promise<void>

const open = async (env: NodeJS.ProcessEnv) => {
  const settings = readLambdaSettings(env)
  const store = await openStore(settings, env)
  return { env, store, ...openFilling(settings, env, store), logger: createLogger(settings) }
}

/**
 * Creates a handler.
 *
 * @param env holds the settings
 * @returns a handler that throws when the store fails, so that Lambda counts an error. An upstream that fails is in the
 *   log, and no error.
 */
export const createHandler = (env: NodeJS.ProcessEnv): FillHandler => {
  const opened = once(() => open(env))
  return async (event, context) => {
    const parts = await opened()
    await fillBlob(parts, wantedIn(event), {
      left: () => context.getRemainingTimeInMillis(),
      goOn: (next) =>
        invokeLater(context.invokedFunctionArn, next, { endpoint: env.AWS_ENDPOINT_URL }),
    })
  }
}

/** The handler that the function's configuration names. */
export const handler = createHandler(process.env)
