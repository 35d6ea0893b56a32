/**
 * Who has set a tag, as it is written in the metadata of its link: beside the body, which distribution reads, and nothing
 * that anybody needs. Earlier versions read a link with more metadata all the same. Files have none.
 *
 * @module
 */

/** What the trail calls those who have not logged in: that is nobody. */
const ANONYMOUS = 'anonymous'

/** Most characters of a name as it is written: S3 has 2 KB for all metadata of an object. */
const MOST = 512

/**
 * What is written of a name.
 *
 * @param by as the audit trail names callers
 * @returns ASCII, as metadata must be; undefined where nobody is known, or the name is too long
 */
export const writtenPusher = (by: string | undefined): string | undefined => {
  const written = by && by !== ANONYMOUS && encodeURIComponent(by.toWellFormed())
  return written && written.length <= MOST ? written : undefined
}

/** The name in what was written; undefined where there is none, or another program has written it. */
export const pusherIn = (written: string | undefined): string | undefined => {
  try {
    return written === undefined || written === '' ? undefined : decodeURIComponent(written)
  } catch {
    return undefined
  }
}
