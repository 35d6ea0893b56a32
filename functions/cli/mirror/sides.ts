/**
 * Opens what a rule names: a registry, or the store of the settings.
 *
 * @module
 */

import type { Settings, StoreSettings } from '../../compose/setting-table.ts'
import type { Credentials } from '../../transfer/registry/docker-config.ts'
import type { Http } from '../../transfer/registry/http.ts'
import { originOf } from '../../transfer/registry/target.ts'
import { readCredentials } from '../../upstreams/credentials.ts'
import { BY_IAM, ecrRegionOf } from '../../upstreams/ecr.ts'
import { DOCKER_HUB, originOf as usualOriginOf } from '../../upstreams/hosts.ts'
import { CommandError } from '../errors.ts'
import type { Io } from '../io.ts'
import { openRemote } from '../ways/copies-at-registry.ts'
import type { AllRepositories } from '../ways/copies-io.ts'
import type { Rule, Side } from './parse.ts'

/** Settings of the store, where a rule is about it. */
export type MirrorSettings = StoreSettings & Pick<Settings, 'index-children' | 'undelete-days'>

/** What a registry is shown; undefined: what docker knows of it. @throws CommandError that has nothing of a secret */
const shownTo = async (
  io: Io,
  host: string,
  reference: string | undefined,
): Promise<Credentials | undefined> => {
  if (reference === undefined) return undefined
  const { upstreamSecrets } = await import('../../compose/upstream-secrets.ts')
  const { readSecret, ecrUsers } = upstreamSecrets(io.env)
  try {
    if (reference === BY_IAM) return (await ecrUsers?.(ecrRegionOf(host) ?? ''))?.user
    return readCredentials(await readSecret(reference), host, reference)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new CommandError(`${host}: ${why}`, { cause })
  }
}

const openStored = async (io: Io, settings: MirrorSettings): Promise<AllRepositories> => {
  const { imagesInStore } = await import('../ways/copies-in-store.ts')
  const store = await io.openStore(settings)
  const undeletes = (settings['undelete-days'] ?? 0) > 0
  return imagesInStore(io, store, settings['index-children'], undeletes)
}

/** Opens one side of a rule. @throws CommandError, TransferError, StoreError */
const openSide = async (
  io: Io,
  http: Http,
  { host, credentials, plainHttp }: Side,
  settings: MirrorSettings,
): Promise<AllRepositories> => {
  if (host === undefined) return openStored(io, settings)
  const origin = host === DOCKER_HUB ? usualOriginOf(host) : await originOf(http, host, plainHttp)
  return openRemote(io, http, origin, await shownTo(io, host, credentials))
}

/** Both sides of a rule. */
export interface Sides {
  readonly from: AllRepositories
  readonly to: AllRepositories
}

/** Opens both sides of a rule. @throws CommandError, TransferError, StoreError */
export const openSides = async (
  io: Io,
  http: Http,
  { from, to }: Rule,
  settings: MirrorSettings,
): Promise<Sides> => ({
  from: await openSide(io, http, from, settings),
  to: await openSide(io, http, to, settings),
})
