/**
 * The Forwarded header (RFC 7239), by which proxies tell what they received.
 *
 * @module
 */

/** What one proxy received. */
export interface Hop {
  /** Who sent it to the proxy: an address, perhaps with a port, `unknown`, or `_` and a made-up name. */
  readonly for?: string
  readonly proto?: string
  readonly host?: string
}

/**
 * A parameter and what ends it. Values with a colon have to be in quotes, but some proxies leave them
 * out, so all that cannot end a value is taken.
 */
const PARAMETER =
  /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+)))?[ \t]*([;,]|$)/y

/**
 * Reads a header: the hop next to the client first.
 *
 * @returns undefined if it is malformed: then nothing in it can be relied on
 */
export const parseForwarded = (header: string): readonly Hop[] | undefined => {
  const hops: Record<string, string>[] = [{}]
  const pattern = new RegExp(PARAMETER)
  for (;;) {
    const match = pattern.exec(header)
    if (match === null) return undefined
    const [, name, quoted, plain, end] = match
    const hop = hops.at(-1) ?? {}
    if (name !== undefined) {
      const known = name.toLowerCase()
      // A parameter may be there once for each proxy.
      if (Object.hasOwn(hop, known)) return undefined
      hop[known] = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? ''
    }
    if (end === '') break
    if (end === ',') hops.push({})
  }
  return hops.filter((hop) => Object.keys(hop).length > 0)
}
