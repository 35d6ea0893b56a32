/**
 * The header Retry-After.
 *
 * @module
 */

/** Most milliseconds that a server can ask for. */
const MOST = 3_600_000

/**
 * Milliseconds that a server asks to wait: RFC 9110, section 10.2.3; an hour at most.
 *
 * @param now milliseconds since 1970
 * @returns undefined where it asks for nothing that can be read
 */
export const retryAfterOf = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined
  const after = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isFinite(after) ? Math.min(Math.max(after, 0), MOST) : undefined
}
