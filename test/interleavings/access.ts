/**
 * What an operation of a store touches: two that touch nothing in common give the same in either
 * order, and only one of the orders has to be tried.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import type { MultipartUpload, PutOptions } from '../../functions/storage/store.ts'
import type { StoreCall } from '../support/rig/intercept.ts'

/** Keys, and prefixes of keys, that an operation reads or writes. */
export interface Access {
  readonly reads: readonly string[]
  readonly lists: readonly string[]
  readonly writes: readonly string[]
  /** The bytes of a write that needs no condition: twice the same is the same as once. */
  readonly blind?: string
}

/** All multipart uploads count as one key. */
const UPLOADS = '(multipart uploads)'

/** Uploads know nothing of each other. */
const uploadOf = ([upload]: readonly unknown[]): string =>
  `${UPLOADS} ${(upload as MultipartUpload).id}`

/** What a call touches. */
export const accessOf = ({ operation, args }: StoreCall): Access => {
  const [first, second] = args as [string, string]
  const touch = (part: Partial<Access>): Access => ({ reads: [], lists: [], writes: [], ...part })
  switch (operation) {
    case 'get':
    case 'head':
      return touch({ reads: [first] })
    case 'put': {
      const [, body, options] = args as [string, Uint8Array, PutOptions | undefined]
      const blind = options?.condition ? {} : { blind: Buffer.from(body).toString('base64') }
      return touch({ writes: [first], ...blind })
    }
    case 'copy':
      return touch({ reads: [first], writes: [second] })
    case 'delete':
      return touch({ writes: args[0] as string[] })
    case 'deleteIf':
    case 'deleteVersion':
    case 'deleteOnce':
      return touch({ writes: [first] })
    case 'list':
      return touch({ lists: [first] })
    case 'listParts':
      return touch({ reads: [uploadOf(args)] })
    case 'listMultiparts':
      return touch({ lists: [UPLOADS] })
    case 'completeMultipart':
      return touch({ writes: [uploadOf(args), (args[0] as MultipartUpload).key] })
    case 'createMultipart':
      // Its id is not known yet; whoever knows it comes later.
      return touch({ writes: [`${UPLOADS} ${randomUUID()}`] })
    case 'uploadPart':
    case 'abortMultipart':
      return touch({ writes: [uploadOf(args)] })
    default:
      return touch({})
  }
}

const meets = (a: Access, b: Access): boolean =>
  a.writes.some(
    (key) =>
      b.reads.includes(key) ||
      b.lists.some((prefix) => key.startsWith(prefix)) ||
      (b.writes.includes(key) && !(a.blind !== undefined && a.blind === b.blind)),
  )

/** Whether the order of two operations can make a difference. */
export const conflict = (a: Access, b: Access): boolean => meets(a, b) || meets(b, a)
