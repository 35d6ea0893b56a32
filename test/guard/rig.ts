/**
 * An app whose policy is a document: everybody may do everything, by any name, but what it requires holds.
 *
 * @module
 */

import type { TestContext } from 'vitest'
import type { AuditEvent } from '../../functions/auth/audit.ts'
import {
  type Authorizer,
  type Credentials,
  openAuthorizer,
} from '../../functions/auth/authorizer.ts'
import { ANONYMOUS, parseBasic } from '../../functions/auth/identity.ts'
import { parsePolicy } from '../../functions/auth/policy/parse.ts'
import { requiredOf } from '../../functions/auth/policy/policy.ts'
import { openGuard } from '../../functions/guard/open.ts'
import { createRegistry, type Registry } from '../../functions/registry/registry.ts'
import { openSchema1 } from '../../functions/schema1/open.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { clientOfApp, plainApp, type Send } from '../support/rig/client.ts'
import { openFiles } from '../support/rig/stores.ts'

const SECRET = Buffer.alloc(32, 7)

export interface Guarded {
  readonly send: Send
  readonly store: ObjectStore
  readonly registry: Registry
  /** Who says what is required. */
  readonly required: Authorizer
  readonly audited: AuditEvent[]
  /** What metrics would count. */
  readonly counted: string[]
  /** Puts another list of requirements in force; undefined: none. */
  require(part: readonly object[] | undefined): void
  /** Lets time pass. */
  pass(milliseconds: number): void
}

const policyWith = (part: readonly object[] | undefined) =>
  parsePolicy(JSON.stringify({ version: 1, rules: [], ...(part && { require: part }) }))

/** An empty registry with these requirements. */
export const guarded = async (t: TestContext, part: readonly object[]): Promise<Guarded> => {
  const { store, close } = await openFiles()
  t.onTestFinished(close)
  let at = Date.now()
  const now = () => at
  let policy = policyWith(part)
  const audited: AuditEvent[] = []
  const counted: string[] = []
  const audit = (event: AuditEvent) => void audited.push(event)
  const required = async (repository: string) => requiredOf(policy, repository)
  const registry = createRegistry({
    store,
    uploadSecret: async () => SECRET,
    accepts: async (push) => {
      const wanted = await required(push.repository)
      if (wanted !== undefined) guard.push(wanted, push)
    },
  })
  const guard = openGuard({
    ...{ audit, store, registry, now },
    watch: (action, outcome) => void counted.push(`${action} ${outcome}`),
  })
  const authorizer: Authorizer = {
    ...openAuthorizer,
    required,
    async identify(credentials: Credentials) {
      const name = parseBasic(credentials.authorization)?.name
      const caller = await openAuthorizer.identify(credentials)
      return name ? { ...caller, identity: { ...ANONYMOUS, kind: 'user' as const, name } } : caller
    },
  }
  const schema1 = openSchema1({ store, registry, secret: async () => SECRET, now })
  const app = plainApp(registry, { authorizer, guard: async () => guard, schema1 })
  return {
    send: clientOfApp(app),
    store,
    registry,
    required: authorizer,
    audited,
    counted,
    require: (next) => {
      policy = policyWith(next)
    },
    pass: (milliseconds) => {
      at += milliseconds
    },
  }
}
