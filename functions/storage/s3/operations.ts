/**
 * What takes the SDK, to be loaded at once when the first of it is needed.
 *
 * @module
 */

export { openBucket, originOf } from './bucket.ts'
export { copy } from './copy.ts'
export { deleteCondition, removeIf, removeOnce, removeVersion } from './delete-if.ts'
export {
  abortMultipart,
  completeMultipart,
  createMultipart,
  listMultiparts,
  listParts,
  uploadPart,
} from './multipart.ts'
export { presign } from './presign.ts'
export { presignPart } from './presign-part.ts'
export { list } from './sdk-list.ts'
export { get, head } from './sdk-read.ts'
export { put, remove } from './write.ts'
