/**
 * All operations of the admin API. To add one: an entry in one of the tables beside this, and
 * `node packaging/openapi.ts`.
 *
 * @module
 */

import { BROWSE_OPERATIONS } from './browse.ts'
import { CHANGE_OPERATIONS } from './changes.ts'
import { DELETED_OPERATIONS } from './deleted.ts'
import { DOCUMENT_OPERATIONS } from './documents.ts'
import { EVENT_OPERATIONS } from './events.ts'
import { GROUP_OPERATIONS } from './groups.ts'
import { DESCRIPTION } from './openapi.ts'
import type { Operation } from './operation.ts'
import { POLICY_TEST_OPERATIONS } from './policy-test.ts'
import { QUOTA_OPERATIONS } from './quotas.ts'
import { REPOSITORY_OPERATIONS } from './repositories.ts'
import { RETENTION_PREVIEW_OPERATIONS } from './retention-preview.ts'
import { ROBOT_CLAIM_OPERATIONS } from './robot-claims.ts'
import { ROBOT_OPERATIONS } from './robots.ts'
import { SEARCH_OPERATIONS } from './search.ts'
import { UPLOAD_OPERATIONS } from './uploads.ts'
import { UPSTREAM_OPERATIONS } from './upstreams.ts'
import { USER_OPERATIONS } from './users.ts'

/** Every operation. */
export const OPERATIONS: readonly Operation[] = [
  DESCRIPTION,
  ...DOCUMENT_OPERATIONS,
  ...USER_OPERATIONS,
  ...ROBOT_OPERATIONS,
  ...ROBOT_CLAIM_OPERATIONS,
  ...GROUP_OPERATIONS,
  ...REPOSITORY_OPERATIONS,
  ...DELETED_OPERATIONS,
  ...POLICY_TEST_OPERATIONS,
  ...RETENTION_PREVIEW_OPERATIONS,
  ...QUOTA_OPERATIONS,
  ...EVENT_OPERATIONS,
  ...SEARCH_OPERATIONS,
  ...BROWSE_OPERATIONS,
  ...UPLOAD_OPERATIONS,
  ...UPSTREAM_OPERATIONS,
  ...CHANGE_OPERATIONS,
]
