/**
 * `auth`, and who may delete.
 *
 * @module
 */

import { plainYaml } from '../../shared/yaml.ts'
import type { Plan } from './plan.ts'
import { isMap, type Reading } from './reading.ts'

/** A file's text; undefined where it cannot be read here. */
export type ReadText = (path: string) => Promise<string | undefined>

const EVERYTHING = ['**']

/** Who may delete: with accounts the policy says so, and those of `slipway user import` may not. */
const deletes = (reading: Reading, { documents }: Plan, hasAccounts: boolean): void => {
  const enabled = reading.flag('storage.delete.enabled') ?? false
  if (!enabled || !hasAccounts) return
  const rule = { who: ['authenticated'], repositories: EVERYTHING, actions: ['*'] }
  documents.push({ command: 'policy', document: { version: 1, rules: [rule] } })
}

const htpasswd = (reading: Reading, plan: Plan): void => {
  plan.users = reading.text('auth.htpasswd.path')
  plan.settings.set('auth', 'token')
  reading.needless('auth.htpasswd.realm', 'clients do not show it')
  deletes(reading, plan, true)
}

/** Keys in a file of JSON; undefined where it has none. */
const keysIn = (text: string | undefined): unknown => {
  try {
    const json = text === undefined ? undefined : plainYaml(text)
    return isMap(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** A server whose tokens are accepted: by its certificates, or by its keys. */
const token = async (reading: Reading, plan: Plan, readText: ReadText): Promise<void> => {
  const { settings, documents } = plan
  settings.set('auth', 'token')
  const realm = reading.text('auth.token.realm')
  const service = reading.text('auth.token.service')
  if (realm !== undefined) settings.set('token-realm', realm)
  if (service !== undefined) settings.set('token-service', service)
  const issuer = reading.text('auth.token.issuer') ?? 'ISSUER'
  const [bundle, jwks] = [
    reading.text('auth.token.rootcertbundle'),
    reading.text('auth.token.jwks'),
  ]
  const certificates = bundle === undefined ? undefined : await readText(bundle)
  const keys = keysIn(jwks === undefined ? undefined : await readText(jwks))
  const lost = 'it cannot be read here: put what it has into the document of issuers'
  if (bundle !== undefined && certificates === undefined) {
    reading.lacks('auth.token.rootcertbundle', lost)
  }
  if (jwks !== undefined && keys === undefined) reading.lacks('auth.token.jwks', lost)
  if (certificates !== undefined && keys !== undefined) {
    reading.lacks(
      'auth.token.rootcertbundle',
      'an issuer has keys or certificates: it has the keys',
    )
  }
  const trust = keys === undefined ? { certificates } : { jwks: keys }
  documents.push({ command: 'issuers', document: { version: 1, issuers: [{ issuer, ...trust }] } })
  if (reading.flag('auth.token.autoredirect')) {
    reading.lacks('auth.token.autoredirect', 'name the realm by auth.token.realm')
  }
  reading.needless('auth.token.signingalgorithms', 'the keys say which')
  reading.needless('storage.delete.enabled', 'the tokens say who may')
}

/** Says who may. */
export const planAccess = async (
  reading: Reading,
  plan: Plan,
  readText: ReadText,
): Promise<void> => {
  const others = reading
    .names('auth')
    .filter((name) => !['htpasswd', 'token'].includes(name) && !/^none$/i.test(name))
  if (reading.has('auth.htpasswd')) htpasswd(reading, plan)
  else if (reading.has('auth.token')) await token(reading, plan, readText)
  else if (others.length > 0) {
    // What asked callers who they are does not let in everybody here.
    plan.settings.set('auth', 'token')
    deletes(reading, plan, true)
  } else {
    plan.settings.set('auth', 'off')
    if (!reading.flag('storage.delete.enabled')) {
      reading.differs(
        'storage.delete.enabled',
        'where nobody logs in anybody may delete: docs/access.md has policies for anonymous callers',
      )
    }
  }
  for (const name of others) {
    reading.lacks(
      `auth.${name}`,
      'callers log in with accounts or tokens, and until there are such, nobody does: see docs/access.md',
    )
  }
}
