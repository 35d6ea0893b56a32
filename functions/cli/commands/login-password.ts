/**
 * `slipway login-password`: a password for `docker login`, made of AWS credentials.
 *
 * @module
 */

import { awsPassword } from '../../credentials/aws.ts'
import { CredentialError } from '../../credentials/errors.ts'
import { hostOf } from '../../credentials/host.ts'
import { CommandError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'

interface Given {
  readonly args: { readonly registry: string }
  readonly flags: { readonly region: string | undefined }
}

/** `slipway login-password`. */
export const loginPassword = async (io: Io, { args, flags }: Given): Promise<void> => {
  const registry = hostOf(args.registry)
  if (registry === '') {
    throw new UsageError('the registry is missing: its address, as in registry.example')
  }
  try {
    io.print(await awsPassword({ registry, region: flags.region, now: io.now() }))
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error
    throw new CommandError(error.message, { cause: error })
  }
}
