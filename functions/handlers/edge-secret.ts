/**
 * A function that CloudFormation calls while it deploys: what the edge has to show to its origins. It is
 * derived where it is used, so that no template, environment or store has it.
 *
 * @module
 */

import type { CloudFormationCustomResourceEvent } from 'aws-lambda'
import { edgeSecret } from '../compose/edge.ts'
import { publicEdgeKey } from '../compose/edge-key.ts'
import { openStore, openUploadSecret } from '../compose/open-store.ts'
import { readSettings } from '../compose/settings.ts'

/** How CloudFormation is told what became of a request. */
type Report = (url: string, report: object) => Promise<void>

const put: Report = async (url, report) => {
  const { ok, status } = await fetch(url, { method: 'PUT', body: JSON.stringify(report) })
  if (!ok) throw new Error(`CloudFormation answered ${status} to the report`)
}

/** The secret of the first name, and for each a public key for URLs. */
const derived = (root: Uint8Array, names: readonly string[]): Record<string, string> => ({
  Value: edgeSecret(root, names[0] ?? ''),
  ...Object.fromEntries(names.map((name) => [`PublicKey${name}`, publicEdgeKey(root, name)])),
})

/**
 * Creates a handler.
 *
 * @param env holds the settings that say which secret the registry has
 */
export const createHandler =
  (env: NodeJS.ProcessEnv, report: Report = put) =>
  async (event: CloudFormationCustomResourceEvent): Promise<void> => {
    const { StackId, RequestId, LogicalResourceId, RequestType, ResponseURL } = event
    const same = { StackId, RequestId, LogicalResourceId, PhysicalResourceId: 'edge-secret' }
    try {
      const settings = readSettings([], env)
      const names = settings['edge-secrets']
      const root =
        RequestType === 'Delete'
          ? undefined
          : await openUploadSecret(settings, env, await openStore(settings, env))()
      const Data = root === undefined ? {} : derived(root, names)
      // Neither in the console nor in what `describe-stack-events` tells.
      await report(ResponseURL, { ...same, Status: 'SUCCESS', NoEcho: true, Data })
    } catch (error) {
      const Reason = error instanceof Error ? error.message : String(error)
      await report(ResponseURL, { ...same, Status: 'FAILED', Reason })
    }
  }

/** The handler that the function's configuration names. */
export const handler = createHandler(process.env)
