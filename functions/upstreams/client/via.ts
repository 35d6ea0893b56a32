/**
 * Which registries of this kind a request has come through, as RFC 9110, 7.6.3 has it: one that meets itself there asks no
 * upstream again. So a registry that is its own upstream, or two that are each other's, do not ask without end.
 *
 * @module
 */

import { createHmac, randomBytes } from 'node:crypto'
import { once } from '../../shared/once.ts'

/** More registries one after another there are not; whoever names more is served what is here. */
const MOST = 8

/** Names that registries of this kind give themselves. Those of others are nobody's business upstream. */
const ENTRY = /\b1\.1 (slipway-[0-9a-f]{12})\b/g

/** What all servers of one registry are called, which says nothing else of it. @param secret that they share */
export const pseudonymOf = (secret: Uint8Array): string =>
  `slipway-${createHmac('sha256', secret).update('slipway via 1').digest('hex').slice(0, 12)}`

/**
 * The same, of a secret that is read when it is first asked for. Without the secret it may take a few more rounds until a
 * server meets itself.
 */
export const pseudonymFor = (secret: () => Promise<Uint8Array>): (() => Promise<string>) =>
  once(async () => pseudonymOf(await secret().catch(() => randomBytes(32))))

/**
 * The way of a request from here on.
 *
 * @param via header of the request that it is sent for
 * @returns header to send; undefined when the request has been here before, or has come through too many
 */
export const viaAfter = (own: string, via: string | undefined): string | undefined => {
  const before = [...(via ?? '').matchAll(ENTRY)].map(([, name]) => name)
  if (before.includes(own) || before.length > MOST) return undefined
  return [...before, own].map((name) => `1.1 ${name}`).join(', ')
}

/** Registries of this kind that a request has come through, this one included. @param via header to send */
export const hopsOf = (via: string | undefined): number => via?.split(',').length ?? 1

/**
 * Whether a request has come through another registry of this kind. Such a one waits for no request of this registry to its
 * upstream: that may be waiting for it.
 *
 * @param via header to send
 */
export const isPassedOn = (via: string | undefined): boolean => hopsOf(via) > 1

/**
 * What a repository is called by those who wait for each other, or remember what its upstream could not give. An upstream
 * that finds itself in `Via` gives less than it has, or what it had some time ago, and anybody can write that header: so
 * what it said then is for nobody else.
 */
export const askedAs = ({
  local,
  via,
}: {
  readonly local: string
  readonly via?: string
}): string => (isPassedOn(via) ? `${local} (${via})` : local)
