/**
 * What AWS does not say of a Web Function's endpoint, or what it may come to do, so that each way is tried.
 * The numbers of facts are those of the README.
 *
 * @module
 */

/** One way in which an endpoint may behave. */
export interface WebFunctionHabits {
  /** Whether `Expect: 100-continue` is refused with 417, or taken out (W4). */
  readonly refusesExpect: boolean
  /** Whether WWW-Authenticate comes out as `x-amzn-Remapped-WWW-Authenticate` (W18). */
  readonly renamesChallenge: boolean
  /**
   * Content-Length of a response to HEAD: the server's own, none, or 0 (W19). Counted from the body it
   * would be 0, too, since an HTTP server sends none.
   */
  readonly headLength: 'kept' | 'dropped' | 'zero'
  /** Most bytes of the request line and all headers; beyond that the connection is dropped (W12). */
  readonly maxHeader: number
  /** Whether connections to the server are kept between requests (W20). */
  readonly keepsConnections: boolean
  /** How AWS_LAMBDA_HTTP_ENDPOINT is written (W21). */
  readonly endpoint: 'host:port' | 'URL'
}

/** A set that has each way of each habit at least once. */
export const WEB_FUNCTIONS = {
  'length kept': {
    refusesExpect: true,
    renamesChallenge: false,
    headLength: 'kept',
    maxHeader: 16 * 1024,
    keepsConnections: true,
    endpoint: 'host:port',
  },
  'length zero': {
    refusesExpect: true,
    renamesChallenge: false,
    headLength: 'zero',
    maxHeader: 8 * 1024,
    keepsConnections: false,
    endpoint: 'URL',
  },
  'challenge renamed, length dropped': {
    refusesExpect: false,
    renamesChallenge: true,
    headLength: 'dropped',
    maxHeader: 64 * 1024,
    keepsConnections: true,
    endpoint: 'URL',
  },
} as const satisfies Readonly<Record<string, WebFunctionHabits>>

/** What has to be set where an endpoint is known to behave so. */
export const settingsAt = ({ headLength }: WebFunctionHabits): Readonly<Record<string, string>> =>
  headLength === 'kept' ? {} : { SLIPWAY_MANIFEST_HEADS: 'redirect' }
