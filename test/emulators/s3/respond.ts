/**
 * Sends answers.
 *
 * @module
 */
import type { ServerResponse } from 'node:http'
import { read } from './content.ts'
import type { LogEntry } from './counter.ts'
import type { S3Error } from './errors.ts'
import type { S3Answer } from './operation.ts'
import { document, text } from './xml.ts'

/** The answer that tells an error, with a status that may differ from the error's own. */
export const errorAnswer = (
  error: S3Error,
  resource: string,
  requestId: string,
  status = error.status,
): S3Answer => ({
  status,
  body: document(
    'Error',
    '',
    text('Code', error.code),
    text('Message', error.message),
    ...Object.entries(error.details).map(([name, value]) => text(name, value)),
    text('Resource', resource),
    text('RequestId', requestId),
    text('HostId', Buffer.from(requestId).toString('base64')),
  ),
})

async function* bytesOf(body: NonNullable<S3Answer['body']>): AsyncGenerator<Buffer> {
  if (typeof body === 'string') yield Buffer.from(body)
  else yield* read(body)
}

const write = (response: ServerResponse, chunk: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    response.write(chunk, (error) => (error ? reject(error) : resolve()))
  })

/**
 * Sends an answer and notes its end. A connection that the client closed is no error.
 *
 * @param withBody whether the method has a body in its answer; HEAD has none
 * @param cutAfter bytes of the body after which the connection is to end
 */
export const respond = async (
  response: ServerResponse,
  answer: S3Answer,
  entry: LogEntry,
  withBody: boolean,
  cutAfter = Number.POSITIVE_INFINITY,
): Promise<void> => {
  const { body = '', status } = answer
  const size = typeof body === 'string' ? Buffer.byteLength(body) : body.size
  const bodiless = status === 204 || status === 304
  // S3 tells the size of an object it leaves out, but nothing of an error it leaves out.
  const tells = !bodiless && (withBody || typeof body !== 'string' || size === 0)
  const headers: Record<string, string | number> = { ...answer.headers }
  if (typeof body === 'string' && size > 0) headers['content-type'] = 'application/xml'
  if (tells) headers['content-length'] = size
  response.writeHead(status, headers)

  if (!withBody || bodiless || size === 0) {
    entry.end = performance.now()
    response.end()
    return
  }
  let sent = 0
  for await (const chunk of bytesOf(body)) {
    if (response.destroyed) return
    const cut = sent + chunk.length >= cutAfter
    const piece = cut ? chunk.subarray(0, cutAfter - sent) : chunk
    sent += piece.length
    // Noted before the write, or the client could begin its next call before this one ended.
    if (cut || sent === size) entry.end = performance.now()
    if (piece.length > 0) await write(response, piece)
    else response.flushHeaders()
    if (cut && sent < size) {
      response.socket?.destroySoon()
      return
    }
  }
  response.end()
}
