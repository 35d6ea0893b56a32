/**
 * Registries that are wrong about who asks, and how the registry is reached.
 *
 * @module
 */

import {
  ANY,
  change,
  gatewaySays,
  headers,
  on,
  PING,
  status,
  TOKEN,
  type Wrong,
  withFields,
} from './changes.ts'

/** Requests to an account with too few instances. */
let requests = 0

/** One row for each way. */
export const WRONG_ACCESS: readonly Wrong[] = [
  {
    check: 'at-once',
    how: 'an account with ten instances',
    distortion: change(PING, (_, passed) => {
      requests += 1
      return requests % 4 === 0 ? gatewaySays(503)(_, passed) : passed
    }),
    says: /30 × 401, 10 × 503\n.*are refused.*\n.*Concurrent executions/,
  },
  {
    check: 'keep-alive',
    how: 'connections end with each answer',
    distortion: change(ANY, headers({ connection: 'close' })),
    says: /each request needs a new connection/,
  },
  {
    check: 'challenge',
    how: 'no challenge',
    distortion: change(
      ANY,
      headers({ 'www-authenticate': undefined, 'x-registry-challenge': undefined }),
    ),
    says: /401 with no challenge\n.*is missing: no client logs in\n.*drops headers/,
  },
  {
    check: 'challenge',
    how: 'the challenge renamed, its copy not mapped back',
    distortion: change(ANY, (_, passed) => ({
      ...passed,
      headers: {
        ...passed.headers,
        'www-authenticate': undefined,
        'x-amzn-remapped-www-authenticate': passed.headers['www-authenticate'],
      },
    })),
    says: /x-amzn-remapped-www-authenticate\n.*is renamed: no client logs in\n.*-> map it back/i,
  },
  {
    check: 'challenge',
    how: 'another realm than clients can use',
    distortion: change(
      PING,
      headers({ 'www-authenticate': 'Bearer realm="https://a.example/?b"' }),
    ),
    says: /the realm has a query/,
  },
  {
    check: 'challenge',
    how: 'a registry that is open to all',
    distortion: change(PING, status(200)),
    says: /no password is asked for/,
  },
  {
    check: 'challenge',
    how: 'something else at this address',
    distortion: change(PING, gatewaySays(404)),
    says: /404\n.*neither 200 nor 401/,
  },
  {
    check: 'token',
    how: 'tokens are refused',
    distortion: change(on('GET', TOKEN), gatewaySays(401)),
    says: /401\n.*no token was given\n.*check user and password/,
  },
  {
    check: 'token',
    how: 'no field token',
    distortion: change(on('GET', TOKEN), withFields({ token: undefined })),
    says: /token is missing/,
  },
  {
    check: 'token',
    how: 'tokens that fill the headers',
    distortion: change(on('GET', TOKEN), withFields({ access_token: 'x'.repeat(7000) })),
    says: /longer than 6000 bytes/,
  },
  {
    check: 'token',
    how: 'tokens that end at once',
    distortion: change(on('GET', TOKEN), withFields({ expires_in: 5 })),
    says: /it expires within 60 s/,
  },
  {
    check: 'token-form',
    how: 'no field access_token',
    distortion: change(on('POST', TOKEN), withFields({ access_token: undefined })),
    says: /access_token is missing/,
  },
  {
    check: 'wrong-password',
    how: 'anybody gets a token',
    distortion: change(on('GET', TOKEN), status(200)),
    says: /not refused \(expected 401\)/,
  },
]
