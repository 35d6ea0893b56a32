/**
 * How clients call a registry.
 *
 * @module
 */

/** `host` or `host:port` of what they ask for, which may be a URL. */
export const hostOf = (server: string): string =>
  server
    .trim()
    .replace(/^\w+:\/\//, '')
    .replace(/[/?#].*$/s, '')
    .toLowerCase()
