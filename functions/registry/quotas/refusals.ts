/**
 * What is said where a quota is reached.
 *
 * @module
 */

import { RegistryError } from '../errors.ts'
import { sayBytes } from './bytes.ts'
import type { Quota } from './quotas.ts'

const HELP =
  'delete images, which counts from the next clean-up on at the latest, or ask whoever runs the registry'

const detailOf = ({ title, hard }: Quota, name: string, used: number) => ({
  name,
  repositories: title,
  limit: hard,
  used,
})

/** The refusal of a manifest that would link more than the quota. */
export const exceeded = (quota: Quota, name: string, used: number, added: number): RegistryError =>
  new RegistryError(
    'QUOTA_EXCEEDED',
    `the quota of ${quota.title} is ${sayBytes(quota.hard ?? 0)}, ${sayBytes(used)} are used, and this image needs ${sayBytes(added)} more: ${HELP}`,
    { detail: { ...detailOf(quota, name, used), needed: added } },
  )

/** The refusal of a blob while the quota is used up. */
export const usedUp = (quota: Quota, name: string, used: number): RegistryError =>
  new RegistryError(
    'QUOTA_EXCEEDED',
    `the quota of ${quota.title} is ${sayBytes(quota.hard ?? 0)}, and ${sayBytes(used)} are used: ${HELP}`,
    { detail: detailOf(quota, name, used) },
  )
