/**
 * Settings that cannot be used on Lambda, whatever kind of function it is, and what is said of them.
 *
 * @module
 */

export const WRONG: readonly (readonly [NodeJS.ProcessEnv, RegExp])[] = [
  [{}, /^SLIPWAY_STORE is "": on Lambda it must be s3:\/\/<bucket>\/<prefix>$/],
  [{ SLIPWAY_STORE: 'file:/data' }, /^SLIPWAY_STORE is "file:\/data": on Lambda/],
  [{ SLIPWAY_STORE: 'nothing' }, /^SLIPWAY_STORE is "nothing": expected/],
  [
    { SLIPWAY_STORE: 's3://bucket', SLIPWAY_REDIRECTS: 'off' },
    /^SLIPWAY_REDIRECTS is "off", but on Lambda/,
  ],
  [
    { SLIPWAY_STORE: 's3://bucket', SLIPWAY_DIRECT_FOR: '10.0.0.0/8' },
    /^SLIPWAY_DIRECT_FOR is set, but on Lambda/,
  ],
  [
    {
      SLIPWAY_STORE: 's3://bucket',
      SLIPWAY_S3_ENDPOINT: 'https://s3.registry.example',
      SLIPWAY_PUBLIC_URL: 'https://registry.example',
    },
    /^S3 is at s3\.registry\.example, which is the registry's own host registry\.example or below it: /,
  ],
  [
    { SLIPWAY_STORE: 's3://bucket', SLIPWAY_TLS_CERT: 'a.pem', SLIPWAY_TLS_KEY: 'b.pem' },
    /^SLIPWAY_TLS_CERT is set, but on Lambda/,
  ],
  [
    { SLIPWAY_STORE: 's3://bucket', SLIPWAY_LOGIN_SECRET: 'secret' },
    /^SLIPWAY_LOGIN_SECRET is set, but on Lambda/,
  ],
]
