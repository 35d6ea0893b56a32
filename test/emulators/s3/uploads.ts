/**
 * ListParts and ListMultipartUploads.
 *
 * @module
 */
import { checksumElements } from './copy.ts'
import { S3Error } from './errors.ts'
import { keyEncoder, pageSize } from './listing.ts'
import { existingUpload } from './multipart.ts'
import { type Operation, xmlAnswer } from './operation.ts'
import { compareKeys, type Upload } from './state.ts'
import { element, text } from './xml.ts'

/** One page of an upload's parts by number. */
export const listParts: Operation = (request) => {
  const upload = existingUpload(request)
  const size = pageSize(request, 'max-parts')
  const marker = request.query('part-number-marker') ?? '0'
  if (!/^\d+$/.test(marker))
    throw new S3Error('InvalidArgument', 'Provided part-number-marker not an integer')
  const rest = [...upload.parts]
    .filter(([number]) => number > Number(marker))
    .sort(([a], [b]) => a - b)
  const page = rest.slice(0, size)
  const last = page.at(-1)
  return xmlAnswer('ListPartsResult', [
    text('Bucket', request.bucket.name),
    text('Key', upload.key),
    text('UploadId', upload.id),
    text('PartNumberMarker', Number(marker)),
    text('NextPartNumberMarker', last?.[0] ?? 0),
    text('MaxParts', size),
    text('IsTruncated', size > 0 && rest.length > page.length),
    ...page.map(([number, part]) =>
      element(
        'Part',
        text('PartNumber', number),
        text('LastModified', part.modified.toISOString()),
        text('ETag', `"${part.etag}"`),
        text('Size', part.content.size),
        ...checksumElements(part.checksum),
      ),
    ),
  ])
}

const byKeyAndAge = (a: Upload, b: Upload): number =>
  compareKeys(a.key, b.key) || a.started.getTime() - b.started.getTime() || compareKeys(a.id, b.id)

/** One page of a bucket's uploads under way, by key and age. */
export const listUploads: Operation = (request) => {
  if (request.query('delimiter') !== undefined) throw new S3Error('NotImplemented')
  const prefix = request.query('prefix') ?? ''
  const keyMarker = request.query('key-marker') ?? ''
  const idMarker = request.query('upload-id-marker') ?? ''
  const size = pageSize(request, 'max-uploads')
  const encode = keyEncoder(request)
  const all = [...request.bucket.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .sort(byKeyAndAge)
  const marked = all.findIndex(({ key, id }) => key === keyMarker && id === idMarker)
  const isAfter = (upload: Upload, index: number): boolean => {
    const order = compareKeys(upload.key, keyMarker)
    return order > 0 || (order === 0 && marked !== -1 && index > marked)
  }
  const rest = keyMarker === '' ? all : all.filter(isAfter)
  const page = rest.slice(0, size)
  const truncated = size > 0 && rest.length > page.length
  const last = truncated ? page.at(-1) : undefined
  return xmlAnswer('ListMultipartUploadsResult', [
    text('Bucket', request.bucket.name),
    text('KeyMarker', encode(keyMarker)),
    text('UploadIdMarker', idMarker),
    ...(last === undefined
      ? []
      : [text('NextKeyMarker', encode(last.key)), text('NextUploadIdMarker', last.id)]),
    text('Prefix', encode(prefix)),
    text('MaxUploads', size),
    text('IsTruncated', truncated),
    ...page.map((upload) =>
      element(
        'Upload',
        text('Key', encode(upload.key)),
        text('UploadId', upload.id),
        text('Initiated', upload.started.toISOString()),
        text('StorageClass', 'STANDARD'),
      ),
    ),
  ])
}
