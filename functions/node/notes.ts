/**
 * What the person who starts a server should know.
 *
 * @module
 */

import { openStore } from '../compose/open-store.ts'
import type { Settings } from '../compose/settings.ts'
import { lookAround, startNote } from '../compose/surroundings.ts'
import { StoreError } from '../storage/errors.ts'
import type { ObjectStore } from '../storage/store.ts'
import { isLoopback } from './check-open.ts'

/** Docker needs no setting for loopback. */
const LOCAL = 'It speaks plain HTTP: podman and skopeo need --tls-verify=false.'

const CLEAR = `It listens beyond this machine without TLS: passwords, tokens and images travel in the clear.
Use --tls-cert and --tls-key, or a proxy with TLS in front and --trust-proxy. For a trial, put its
address into "insecure-registries" of docker's daemon.json; podman and skopeo need --tls-verify=false.`

/** What to know of plain HTTP, if clients use it. */
export const transportNotes = (settings: Settings): string[] => {
  if (settings['tls-cert'] !== undefined || settings['trust-proxy'] !== undefined) return []
  if (settings['public-url']?.startsWith('https:')) return []
  return [isLoopback(settings.listen.host) ? LOCAL : CLEAR]
}

const INEXACT = `This service cannot delete a version of an object: a tag that is moved in the milliseconds in which
its old manifest is deleted can be lost. See docs/s3-servers.md.`

/** What to know of the store's deletes. One that takes no writes is noticed by the first push. */
export const deleteNotes = async (
  settings: Settings,
  store: Pick<ObjectStore, 'deletesExactly'>,
): Promise<string[]> => {
  if (settings['read-only']) return []
  try {
    return (await store.deletesExactly()) ? [] : [INEXACT]
  } catch (error) {
    if (error instanceof StoreError) return []
    throw error
  }
}

/**
 * All notes on a start, a few lines each at most.
 *
 * @throws SettingsError for a store within another one
 */
export const startNotes = async (
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> => {
  const empty = startNote(await lookAround(settings, (each) => openStore(each, env)))
  return [...(empty === undefined ? [] : [empty]), ...transportNotes(settings)]
}
