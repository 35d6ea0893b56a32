/**
 * Requirements of a policy, ready to be looked at.
 *
 * @module
 */

import { compileGlob } from '../../shared/glob.ts'
import { compileWho, type Policy } from './policy.ts'
import type { Requirement, WrittenRequirement } from './requirement.ts'
import { subjectsIn } from './who.ts'

const compile = (
  { repositories, signed, ...rest }: WrittenRequirement,
  index: number,
): Requirement => {
  const exceptions = (signed?.except ?? []).map(compileWho)
  return {
    ...rest,
    at: index + 1,
    repositories: repositories.map(compileGlob),
    signed: signed && {
      by: signed.by,
      excepts: (identity) => exceptions.some((subject) => subject(identity)),
    },
  }
}

/** A policy with checked requirements. Whom they except is among those whom it is about. */
export const withRequirements = (
  policy: Policy,
  written: readonly WrittenRequirement[],
): Policy => ({
  ...policy,
  subjects: [
    ...new Set([
      ...policy.subjects,
      ...subjectsIn(written.flatMap(({ signed }) => signed?.except ?? [])),
    ]),
  ],
  required: written.map(compile),
})
