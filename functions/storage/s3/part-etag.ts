/**
 * What distinguishes the contents of parts.
 *
 * S3's ETag of a part is the MD5 of its bytes, and two contents with the same MD5 can be
 * constructed. If S3 also keeps a SHA-256 of the part, callers see both together as the part's
 * etag.
 *
 * @module
 */

/** In neither ETags nor base64. */
const SEPARATOR = '~'

/** An etag of S3's ETag, without quotes, and its base64 SHA-256 if it gave one. */
export const joinEtag = (etag: string, sha256: string | undefined): string =>
  sha256 ? `${etag}${SEPARATOR}${sha256}` : etag

/** The parts of an etag that {@link joinEtag} made. */
export const splitEtag = (
  joined: string,
): { readonly etag: string; readonly sha256: string | undefined } => {
  const [etag = '', sha256] = joined.split(SEPARATOR)
  return { etag, sha256 }
}
