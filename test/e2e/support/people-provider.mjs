/**
 * An OpenID provider that people log in at with any name, as a program. Its pages are those that oidc-provider has for
 * development.
 *
 * Usage: node people-provider.mjs PORT CLIENTS GROUPS
 *
 * CLIENTS are registered with it; GROUPS are those of each name.
 */
import Provider from 'oidc-provider'

const [port, clients, groups] = process.argv.slice(2)
const groupsOf = JSON.parse(groups)
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: JSON.parse(clients),
  // Into the ID token, where there is an access token, too.
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
  pkce: { required: () => true },
  cookies: { keys: ['of no worth'] },
  findAccount: (_, name) => ({
    accountId: name,
    claims: () => ({ sub: name, preferred_username: name, groups: groupsOf[name] ?? [] }),
  }),
})
provider.listen(Number(port), '127.0.0.1')
