/**
 * An app whose policy is a document, without log-in: everybody may do everything, but what it requires holds.
 *
 * @module
 */

import type { TestContext } from 'vitest'
import type { AuditEvent } from '../../functions/auth/audit.ts'
import { openAuthorizer } from '../../functions/auth/authorizer.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { requiredOf } from '../../functions/auth/policy/policy.ts'
import { openGuard } from '../../functions/guard/open.ts'
import { createRegistry, type Registry } from '../../functions/registry/registry.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { clientOfApp, plainApp, type Send } from '../support/rig/client.ts'
import { openFiles } from '../support/rig/stores.ts'

export interface Guarded {
  readonly send: Send
  readonly store: ObjectStore
  readonly registry: Registry
  readonly audited: AuditEvent[]
  /** Puts another list of requirements in force; undefined: none. */
  require(part: readonly object[] | undefined): void
}

const policyWith = (part: readonly object[] | undefined) =>
  parsePolicy(JSON.stringify({ version: 1, rules: [], ...(part && { require: part }) }))

/** An empty registry with these requirements. */
export const guarded = async (t: TestContext, part: readonly object[]): Promise<Guarded> => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  let policy = policyWith(part)
  const audited: AuditEvent[] = []
  const audit = (event: AuditEvent) => void audited.push(event)
  const required = async (repository: string) => requiredOf(policy, repository)
  const guard = openGuard({ audit })
  const registry = createRegistry({
    store,
    uploadSecret: async () => Buffer.alloc(32, 7),
    accepts: async (push) => {
      const wanted = await required(push.repository)
      if (wanted !== undefined) guard.push(wanted, push)
    },
  })
  const authorizer = { ...openAuthorizer, required }
  const app = plainApp(registry, { authorizer })
  return {
    send: clientOfApp(app),
    store,
    registry,
    audited,
    require: (next) => {
      policy = policyWith(next)
    },
  }
}
