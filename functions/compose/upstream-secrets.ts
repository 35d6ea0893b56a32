/**
 * What upstreams are shown: secrets of the environment, of files and of AWS, and tokens by IAM.
 *
 * @module
 */

import { once } from '../shared/once.ts'
import { readingSecrets } from '../shared/secrets.ts'
import type { AskingOptions } from '../upstreams/client/hosts-asked.ts'

/** Loaded only where a variable has an ARN. */
const openStoredSecrets = once(async () => {
  const { storedSecrets } = await import('./aws/stored-secrets.ts')
  return storedSecrets()
})

/** @param env where secrets are that the document names, or says where they are */
export const upstreamSecrets = (
  env: Readonly<Record<string, string | undefined>>,
): Required<Pick<AskingOptions, 'readSecret' | 'ecrUsers'>> => ({
  readSecret: readingSecrets(env, async (arn) => (await openStoredSecrets())(arn)),
  async ecrUsers(region) {
    // Loaded only where an upstream has credentials by IAM.
    const { ecrUsers } = await import('./aws/ecr-users.ts')
    return ecrUsers({ endpoint: env.AWS_ENDPOINT_URL_ECR || env.AWS_ENDPOINT_URL })(region)
  },
})
