/**
 * Credentials as Lambda gives them, in place of `@aws-sdk/credential-provider-node` in the bundle: that looks in
 * files, at single sign-on and at metadata services too, none of which a function has. The SDK's own provider for
 * this one source is no better, since it loads a tenth of the SDK to note in a header which provider it is.
 *
 * @module
 */

import type { AwsCredentialIdentityProvider } from '@smithy/types'

/**
 * What the SDK's clients ask for where nothing else was set.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 * @throws Error called CredentialsProviderError, as the SDK's, where there are none
 */
export const defaultProvider = (): AwsCredentialIdentityProvider => async () => {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    const error = new Error('the environment has no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
    throw Object.assign(error, { name: 'CredentialsProviderError' })
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  }
}
