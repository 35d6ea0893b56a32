/**
 * Acknowledges the findings of cdk-nag that are intended.
 *
 * @module
 */

import { Stack, Validations } from 'aws-cdk-lib'
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import type { IConstruct } from 'constructs'

/** A resolved value as cdk-nag writes it, with CloudFormation's references in angle brackets. */
const written = (value: unknown): string => {
  if (typeof value === 'string') return value
  const [[name, content] = []] = Object.entries(value as Record<string, unknown>)
  if (name === 'Ref') return `<${content}>`
  if (name === 'Fn::Sub') return (content as string).replaceAll(/\$\{([^}]*)\}/g, '<$1>')
  const parts = content as unknown[]
  if (name === 'Fn::GetAtt') return `<${parts.join('.')}>`
  return (parts[1] as unknown[]).map(written).join(parts[0] as string)
}

/** Actions for which there are no resources that a policy could name. */
const WITHOUT_RESOURCES = ['organizations:ListAccounts', 'ecr:GetAuthorizationToken']

/** Acknowledges that a policy allows actions on everything, which cannot be told apart. */
export const acknowledgeActions = (
  policy: IConstruct,
  statements: readonly PolicyStatement[],
): void => {
  const found = statements.flatMap(({ actions }) => actions)
  if (!WITHOUT_RESOURCES.some((action) => found.includes(action))) return
  Validations.of(policy).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'AWS Organizations and ECR have no resources that a policy could name for this action.',
  })
}

/**
 * Acknowledges that statements of a policy apply to all objects under a prefix. A wildcard anywhere
 * else, or in an action, is still a finding.
 *
 * @param policy the policy with the statements
 */
export const acknowledgePrefixes = (
  policy: IConstruct,
  statements: readonly PolicyStatement[],
): void => {
  const stack = Stack.of(policy)
  const resources = statements.flatMap((statement) => statement.resources)
  const ids = resources.map((resource) => written(stack.resolve(resource)))
  for (const id of new Set(ids.filter((each) => /^[^*]+\/\*$/.test(each)))) {
    Validations.of(policy).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${id}]`,
      reason:
        'Keys under this prefix contain digests and names that are not known in advance; the actions ' +
        'allowed on them are listed one by one.',
    })
  }
}
