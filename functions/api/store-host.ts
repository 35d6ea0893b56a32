/**
 * Whether clients that follow a redirect to the store would send it the registry's credentials, too.
 *
 * Go's HTTP client, and with it docker, containerd, oras and regctl, keeps `Authorization` when the new
 * host is the first one or below it; ports do not count. S3 refuses a request with that header beside a
 * presigned URL, and the credentials are none of its business.
 *
 * @module
 */

/** Without the dot of a fully qualified name. */
const plain = (hostname: string): string => hostname.toLowerCase().replace(/\.$/, '')

/** Whether a host is another one, or a name below it. @param host, of as in `URL.hostname` */
export const isSameOrBelow = (host: string, of: string): boolean => {
  const [inner, outer] = [plain(host), plain(of)]
  if (inner === outer) return true
  // An address has nothing below it.
  return !/[:%]/.test(inner) && inner.endsWith(`.${outer}`)
}
