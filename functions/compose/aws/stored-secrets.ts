/**
 * Secrets in AWS Secrets Manager, by their ARNs. The function or machine may `secretsmanager:GetSecretValue` of each.
 *
 * @module
 */

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { cached } from '../../shared/cached.ts'

/** Milliseconds until a secret is read again: each read costs. */
const MAX_AGE = 60_000
/** Milliseconds for which one is used that cannot be read at the moment. */
const STALE = 60 * 60_000
/** Secrets that are kept. */
const CAPACITY = 100

const read = async (arn: string): Promise<string> => {
  const [, , , region = ''] = arn.split(':')
  const client = new SecretsManagerClient({ region })
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }))
    return SecretString ?? ''
  } finally {
    client.destroy()
  }
}

/**
 * Reads secrets that are text; empty for others. What was read serves for a minute, and for an hour while AWS does not respond.
 *
 * @returns a function that throws SecretsManagerServiceException when AWS refuses or fails
 */
export const storedSecrets = (now?: () => number): ((arn: string) => Promise<string>) =>
  cached(read, { maxAge: MAX_AGE, stale: STALE, capacity: CAPACITY, ...(now && { now }) }).get
