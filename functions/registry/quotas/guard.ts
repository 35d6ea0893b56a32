/**
 * Quotas beside pushes. What counts is loaded where a quota is set, and only by those who write.
 *
 * @module
 */

import { once } from '../../shared/once.ts'
import type { ObjectStore } from '../../storage/store.ts'
import type { QuotaGuard, QuotaOptions } from './port.ts'
import { NO_QUOTAS, type Quota } from './quotas.ts'

/** Takes nothing off. */
const KEEPS = async (): Promise<void> => {}

/** A guard by the quotas in force. */
export const createQuotaGuard = (store: ObjectStore, options: QuotaOptions): QuotaGuard => {
  const { quotas = async () => NO_QUOTAS } = options
  const counting = once(async () => (await import('./counting.ts')).createCounting(store, options))
  let last = NO_QUOTAS
  const of = async (repository: string): Promise<Quota | undefined> => {
    last = await quotas()
    return last.of(repository)
  }
  const admit = async (repository: string): Promise<void> => {
    const quota = await of(repository)
    if (quota?.hard !== undefined) await (await counting()).admit(quota, repository)
  }
  return {
    async open(repository) {
      const quota = await of(repository)
      if (quota !== undefined) await (await counting()).know(quota)
      return quota
    },
    async leave(image) {
      try {
        const quota = await of(image.repository)
        return quota === undefined ? KEEPS : (await counting()).leave(quota, image)
      } catch {
        return KEEPS
      }
    },
    raise: async (...given) => (await counting()).raise(...given),
    admit,
    admitStart: async (repository) => last.of(repository) && admit(repository),
  }
}
