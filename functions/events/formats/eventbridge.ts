/**
 * Events as EventBridge takes them, with a detail like that of Amazon ECR, so that rules and targets which were made
 * for it need another `source` only.
 *
 * @module
 */

import type { EventRecord } from '../record.ts'

/** What of an entry of PutEvents depends on the event. `aws.ecr` is reserved for Amazon. */
export interface EventBridgeEntry {
  readonly Source: 'slipway'
  readonly DetailType: string
  readonly Time: Date
  /** JSON. */
  readonly Detail: string
}

/** Whether it is an event that ECR has, too; with another detail type, the others do not match rules for these. */
const isImage = ({ action, target, proof }: EventRecord): boolean => {
  const { tag, mediaType = 'application/octet-stream' } = target ?? {}
  if (action === 'push') return tag !== undefined || mediaType !== 'application/octet-stream'
  return action === 'delete' && (tag !== undefined || proof?.key.includes('/_manifests/') === true)
}

/** The entry of an event. */
export const eventBridgeEntry = (record: EventRecord): EventBridgeEntry => {
  const { id, at, action, repository, target, facts, actor } = record
  return {
    Source: 'slipway',
    DetailType: isImage(record) ? 'ECR Image Action' : 'Slipway Action',
    Time: new Date(at),
    Detail: JSON.stringify({
      result: 'SUCCESS',
      'repository-name': repository,
      'image-digest': target?.digest,
      'action-type': action.toUpperCase(),
      'image-tag': target?.tag,
      'manifest-media-type': target?.mediaType,
      'artifact-media-type': target?.artifactType,
      'from-repository': target?.fromRepository,
      'previous-digest': target?.previous,
      id,
      actor,
      facts,
    }),
  }
}
