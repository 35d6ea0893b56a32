/**
 * What AWS does not say of API Gateway's HTTP API, or says in two ways, so that both are tried.
 *
 * @module
 */

/** One way in which a gateway may behave. */
export interface GatewayHabits {
  /** Whether the path is decoded in the event. */
  readonly decodesPath: boolean
  /**
   * Content-Length of an answer to HEAD: the function's own, counted from the function's body, or
   * always 0.
   */
  readonly headLength: 'kept' | 'counted' | 'zero'
  /** Whether the function's WWW-Authenticate comes out as `x-amzn-Remapped-WWW-Authenticate`. */
  readonly renamesChallenge: boolean
  /** Answer to a body that fits the gateway and not the function. */
  readonly tooLarge: 413 | 500
}

/** A set that has each way of each habit at least once. */
export const GATEWAYS = {
  'length kept': {
    decodesPath: false,
    headLength: 'kept',
    renamesChallenge: false,
    tooLarge: 413,
  },
  'path decoded, length counted, challenge renamed': {
    decodesPath: true,
    headLength: 'counted',
    renamesChallenge: true,
    tooLarge: 413,
  },
  'length zero, challenge renamed': {
    decodesPath: false,
    headLength: 'zero',
    renamesChallenge: true,
    tooLarge: 500,
  },
} as const satisfies Readonly<Record<string, GatewayHabits>>

/** What has to be set where a gateway is known to behave so. */
export const settingsFor = ({ headLength }: GatewayHabits): Readonly<Record<string, string>> =>
  headLength === 'zero' ? { SLIPWAY_MANIFEST_HEADS: 'redirect' } : {}
