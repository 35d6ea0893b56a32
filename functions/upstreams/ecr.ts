/**
 * Amazon ECR as an upstream, whose tokens are had by IAM.
 *
 * @module
 */

import type { User } from '../transfer/registry/challenge.ts'

/** What a document says in place of a reference to credentials. */
export const BY_IAM = 'iam'

const HOST = /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/

/** The Region of a registry of ECR, in the form that names of images have it; undefined for any other host. */
export const ecrRegionOf = (host: string): string | undefined => HOST.exec(host)?.[1]

/** What ECR is shown, and until when. */
export interface EcrUser {
  readonly user: User
  /** Milliseconds since 1970. */
  readonly until: number
}

/** Has what the ECR of a Region is shown. @throws Error */
export type EcrUsers = (region: string) => Promise<EcrUser>
