/**
 * The setting that says which images of an index must be there, by repository.
 *
 * @module
 */

import type { Platform } from '../registry/descriptor.ts'
import type { RequiredChildren, RequiredChildrenOf } from '../registry/index-children.ts'
import { compileGlob, type Glob, globFault } from '../shared/glob.ts'
import * as z from '../shared/schema.ts'

interface Rule {
  readonly repositories: Glob
  readonly required: RequiredChildren
}

const FORM = 'expected all, none or platforms as in linux/amd64,linux/arm64, or REPOSITORIES=these'

const platformOf = (text: string): Platform => {
  const [, os, architecture, variant] =
    text.match(/^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9._-]+))?$/) ?? []
  if (os === undefined || architecture === undefined) {
    throw new RangeError(`${JSON.stringify(text)} is not a platform: ${FORM}`)
  }
  return { os, architecture, ...(variant === undefined ? {} : { variant }) }
}

const requiredOf = (text: string): RequiredChildren =>
  text === 'all' || text === 'none' ? text : text.split(',').map(platformOf)

const ruleOf = (text: string): Rule => {
  const equals = text.indexOf('=')
  const pattern = equals < 0 ? '**' : text.slice(0, equals)
  const fault = pattern.includes('$') ? '$ has no meaning here' : globFault(pattern)
  if (fault !== undefined) throw new RangeError(`the pattern ${JSON.stringify(pattern)}: ${fault}`)
  return { repositories: compileGlob(pattern), required: requiredOf(text.slice(equals + 1)) }
}

const rulesOf = (value: string): readonly Rule[] => {
  const rules = value.trim().split(/\s+/).map(ruleOf)
  const last = rules.findIndex(({ repositories }) => repositories.matchesAll)
  if (last >= 0 && last < rules.length - 1) {
    throw new RangeError(
      'the rule for all repositories must be the last: the first that fits counts',
    )
  }
  return rules
}

const everyChild: RequiredChildrenOf = () => 'all'

/**
 * Rules, separated by blanks, of which the first that fits a repository counts; without one all images
 * must be there: `mirror/**=none apps/**=linux/amd64,linux/arm64`, or one for all repositories: `none`.
 */
export const indexChildren = z.converted(z.string(), (value, refuse): RequiredChildrenOf => {
  if (value === 'all') return everyChild
  try {
    const rules = rulesOf(value)
    return (name) =>
      rules.find(({ repositories }) => repositories.matches(name, ''))?.required ?? 'all'
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return refuse(error.message)
  }
})
