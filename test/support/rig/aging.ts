/**
 * A store on a real service whose clock is turned by hand.
 *
 * @module
 */
import type {
  ListedObject,
  MultipartUpload,
  ObjectInfo,
  ObjectStore,
  OpenMultipart,
} from '../../../functions/storage/store.ts'
import { intercept } from './intercept.ts'

/** A store, and the clock by which it dates what is written. */
export interface Aging {
  readonly store: ObjectStore
  readonly clock: { now: number }
}

/** Has a store date by a clock that goes on when it is told to. */
export const aging = (real: ObjectStore): Aging => {
  const began = Date.now()
  const clock = { now: began }
  /** How far the clock was ahead when a key was last written, or an upload begun. */
  const ahead = new Map<string, number>()
  const dated = (key: string, at: Date): Date => new Date(at.getTime() + (ahead.get(key) ?? 0))
  const note = (key: string): void => void ahead.set(key, clock.now - began)

  const store = intercept(real, async ({ operation, args }, proceed) => {
    // The trial of hundreds of requests is not what takes time here; the strict S3 passes it elsewhere.
    if (operation === 'losesWrites') return false
    const [first, second] = args
    if (operation === 'put') note(first as string)
    if (operation === 'copy') note(second as string)
    if (operation === 'completeMultipart') note((first as MultipartUpload).key)
    const answer = await proceed()
    switch (operation) {
      case 'createMultipart':
        note((answer as MultipartUpload).id)
        return answer
      case 'get': {
        const read = answer as { readonly info: ObjectInfo } | undefined
        const modified = read && dated(first as string, read.info.modified)
        return read && { ...read, info: { ...read.info, modified } }
      }
      case 'head': {
        const info = answer as ObjectInfo | undefined
        return info && { ...info, modified: dated(first as string, info.modified) }
      }
      case 'list': {
        const page = answer as { readonly objects: readonly ListedObject[] }
        const objects = page.objects.map((each) => ({
          ...each,
          modified: dated(each.key, each.modified),
        }))
        return { ...page, objects }
      }
      case 'listMultiparts':
        return (answer as OpenMultipart[]).map((each) => ({
          ...each,
          started: dated(each.id, each.started),
        }))
      default:
        return answer
    }
  })
  return { store, clock }
}
