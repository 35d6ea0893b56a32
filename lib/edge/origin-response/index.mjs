/**
 * Lambda@Edge for responses of both origins, at any status: what gateways change on the way is put back.
 *
 * It runs near the client, without environment or other files.
 */

/** What every response of the registry has, and none of a gateway's own. */
const OURS = 'docker-distribution-api-version'

const WORDS = {
  code: 'UNSUPPORTED',
  message:
    'the request is too large: a manifest has at most 4 MiB, and the bytes of a layer go to the Location that a POST to /v2/<name>/blobs/uploads/ answers',
  detail: {},
}

const header = (key, value) => ({ [key.toLowerCase()]: [{ key, value }] })

/** The challenge, without which no client logs in; a gateway may have renamed it. */
const challengeOf = ({ 'x-registry-challenge': [challenge] = [] }) =>
  challenge === undefined ? {} : header('WWW-Authenticate', challenge.value)

/** What a client can read, for the gateway's own words. */
const explained = (response) => {
  // Of the body that it was for.
  const { 'content-length': _, ...headers } = response.headers
  return {
    ...response,
    headers: { ...headers, ...header('Content-Type', 'application/json') },
    body: JSON.stringify({ errors: [WORDS] }),
    bodyEncoding: 'text',
  }
}

export const handler = async ({ Records: [{ cf }] }) => {
  const { response } = cf
  if (response.status === '413' && response.headers[OURS] === undefined) return explained(response)
  return { ...response, headers: { ...response.headers, ...challengeOf(response.headers) } }
}
