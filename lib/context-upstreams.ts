/**
 * What can be set of upstreams and mirrors.
 *
 * @module
 */

import * as z from '../functions/shared/schema.ts'
import { arns, integer, mirrorFile, namedSecrets, onOff } from './context-kinds.ts'
import { contextValue } from './context-value.ts'

/** Context values by name; see `CONTEXT`. */
export const UPSTREAMS = {
  upstreams: contextValue(
    z._default(onOff, false),
    'off',
    'on: have images of other registries from here, by the document of docs/pull-through.md; a function of its own copies blobs',
  ),
  upstreamConcurrency: contextValue(
    z.optional(integer(1, 1000)),
    "the account's limit",
    'most concurrent calls of that function, reserved within the limit of the account',
  ),
  upstreamSecrets: contextValue(
    z.optional(namedSecrets('HUB', 'SLIPWAY_UPSTREAM')),
    'none',
    'ARNs of secrets of upstreams in AWS Secrets Manager: HUB=arn:… is env:SLIPWAY_UPSTREAM_HUB',
  ),
  upstreamRepositories: contextValue(
    z.optional(arns('ecr', 'repository/[\\w./*-]+$')),
    'none',
    'ARNs of repositories of ECR that upstreams with credentials: iam may be, as arn:aws:ecr:eu-central-1:123456789012:repository/team/*',
  ),
  mirror: contextValue(
    z.optional(mirrorFile),
    'none',
    'file with the document of docs/mirror.md: a function of its own keeps repositories in step with those of other registries',
  ),
  mirrorSecrets: contextValue(
    z.optional(namedSecrets('HUB', 'SLIPWAY_MIRROR')),
    'none',
    'ARNs of secrets of those in AWS Secrets Manager: HUB=arn:… is env:SLIPWAY_MIRROR_HUB',
  ),
  mirrorRepositories: contextValue(
    z.optional(arns('ecr', 'repository/[\\w./*-]+$')),
    'none',
    'ARNs of repositories of ECR that are copied from with credentials: iam',
  ),
} as const
