/**
 * Secrets that documents name and do not have: variables of the server, or files and secrets of AWS that these name.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'

/** Gives the secret of a reference. */
export type ReadSecret = (reference: string) => Promise<string>

/**
 * Reads secrets: `env:NAME` from these variables; where that is `file:/path`, the file, each time anew, without a
 * newline at its end; where it is the ARN of a secret in AWS Secrets Manager, that.
 *
 * @param fromArn reads the secret of an ARN
 * @returns a function that throws Error where there is no such secret; the message has its name alone
 */
export const readingSecrets =
  (env: Readonly<Record<string, string | undefined>>, fromArn: ReadSecret): ReadSecret =>
  async (reference) => {
    const value = env[reference.replace(/^env:/, '')]
    const path = value?.match(/^file:(\/.*)$/)?.[1]
    const isArn = value !== undefined && /^arn:[^:]+:secretsmanager:/.test(value)
    const read = path === undefined ? (isArn ? fromArn(value) : value) : readFile(path, 'utf8')
    const secret = (await read)?.replace(/\r?\n$/, '')
    if (!secret) throw new Error(`the secret ${reference} is not set, or empty`)
    return secret
  }
