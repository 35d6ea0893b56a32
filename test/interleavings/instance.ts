/**
 * Instances of the registry by the thousand. What remembers is new in each; the routes, which remember nothing
 * and take longer to make than most runs take, are made once for all.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { uploadSecret } from '../../functions/compose/open-store.ts'
import type { Recorder } from '../../functions/registry/happened.ts'
import { createRegistry, type Registry } from '../../functions/registry/registry.ts'
import { NO_RULES, type Retention } from '../../functions/registry/retention/retention.ts'
import type { ObjectStore } from '../../functions/storage/store.ts'
import { clientOfApp, plainApp, type Send } from '../support/rig/client.ts'
import { createModel, NOW } from './model.ts'
import type { Clock } from './work.ts'

/** A tag that only the operations on immutable tags are about. */
export const FROZEN: Retention = {
  ...NO_RULES,
  isImmutable: (name, tag) => name === 'app' && tag === 'frozen',
}

/** Whose request it is. */
const asked = new AsyncLocalStorage<Registry>()

/** The registry that is asked, whichever it is. */
const whichever = (): Registry => {
  const { store } = createModel({ etags: 'content', conditionalDeletes: true })
  const some = createRegistry({ store, uploadSecret: async () => new Uint8Array(32) })
  const parts = (Object.keys(some) as (keyof Registry)[]).map((part) => {
    const get = (_: object, name: string): unknown => Reflect.get(asked.getStore()![part], name)
    return [part, new Proxy({}, { get })]
  })
  return Object.fromEntries(parts) as Registry
}

let client: Send | undefined

/** An instance with nothing in its memory. @param events where it records them. Default: nowhere */
export const instance = async (
  store: ObjectStore,
  clock: Clock = { now: NOW },
  events?: Recorder,
): Promise<Send> => {
  const secret = await uploadSecret(store)
  const registry = createRegistry({
    store,
    uploadSecret: async () => secret,
    now: () => clock.now,
    rules: async () => FROZEN,
    events,
  })
  client ??= clientOfApp(plainApp(whichever()))
  const send = client
  return (...request) => asked.run(registry, () => send(...request))
}
