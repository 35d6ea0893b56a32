/**
 * An OpenID provider that gives jobs tokens, as GitHub's and GitLab's do, as a program.
 *
 * Usage: node oidc-provider.mjs PORT AUDIENCE KEY JOBS
 *
 * KEY is what its key is made of: a private key as a JWK. JOBS are the claims of each job's tokens, by its name; a
 * job asks with its name, and the name again for a secret.
 */
import Provider from 'oidc-provider'

const [port, audience, key, jobs] = process.argv.slice(2)
const claims = JSON.parse(jobs)
const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys: [JSON.parse(key)] },
  clients: Object.keys(claims).map((name) => ({
    client_id: name,
    client_secret: name,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  })),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => `https://${audience}`,
      getResourceServerInfo: () => ({
        scope: '',
        audience,
        accessTokenTTL: 600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  extraTokenClaims: (_, token) => claims[token.clientId],
})
provider.listen(Number(port), '127.0.0.1')
