/**
 * Finds where answers of HTTP/1.1 end, and reads nothing else of them.
 *
 * @module
 */

/** Reads answers that come one at a time on one connection. */
export interface AnswerReader {
  /** Takes the next bytes; gives the status once the answer is complete. @throws Error if it is none */
  read(chunk: Buffer): number | undefined
}

const HEAD_END = '\r\n\r\n'
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

interface Answer {
  readonly status: number
  /** Bytes of the body that are to come; without, it ends with the last chunk. */
  readonly length: number | undefined
}

const parseHead = (head: string, method: string): Answer => {
  const status = Number(head.match(/^HTTP\/1\.1 (\d{3})/)?.[1])
  if (Number.isNaN(status)) throw new Error(`no answer of HTTP/1.1: ${head.slice(0, 80)}`)
  if (method === 'HEAD' || status === 204 || status === 304) return { status, length: 0 }
  const length = head.match(/\r\ncontent-length: *(\d+)/i)?.[1]
  if (length !== undefined) return { status, length: Number(length) }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return { status, length: undefined }
  throw new Error('an answer without a length')
}

/**
 * Makes a reader.
 *
 * @param method of the requests: answers to HEAD have no body, whatever their headers say
 */
export const createAnswerReader = (method: 'GET' | 'HEAD'): AnswerReader => {
  let head = ''
  let answer: Answer | undefined
  let received = 0
  /** The last bytes of a body in chunks, with the line end before it. */
  let tail: Buffer = Buffer.from('\r\n')

  const isComplete = (body: Buffer): boolean => {
    received += body.byteLength
    if (answer?.length !== undefined) return received >= answer.length
    tail = Buffer.concat([tail, body]).subarray(-LAST_CHUNK.byteLength)
    return tail.equals(LAST_CHUNK)
  }

  return {
    read(chunk) {
      let body = chunk
      if (answer === undefined) {
        const before = head.length
        head += chunk.toString('latin1')
        const end = head.indexOf(HEAD_END)
        if (end === -1) return undefined
        answer = parseHead(head.slice(0, end), method)
        body = chunk.subarray(end + HEAD_END.length - before)
      }
      if (!isComplete(body)) return undefined
      const { status } = answer
      head = ''
      answer = undefined
      received = 0
      tail = Buffer.from('\r\n')
      return status
    },
  }
}
