/**
 * `slipway delete`: a whole repository.
 *
 * @module
 */

import { createInterface } from 'node:readline/promises'
import { parseName } from '../../registry/reference.ts'
import { CommandError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { DeletesIo } from '../ways/deletes-io.ts'
import { counted, inOneLine } from './undelete.ts'

interface Given {
  readonly args: { readonly repository: string }
  readonly flags: { readonly confirmed: boolean; readonly override: boolean }
}

/** Has the name typed by whoever sits there. */
const confirm = async ({ stdin, say }: Io, name: string): Promise<void> => {
  if (!stdin.isTTY)
    throw new CommandError(`nobody can confirm it here: --confirmed deletes ${name}`)
  say(`All manifests and tags of ${name} go. To confirm, type its name:`)
  const lines = createInterface({ input: stdin })
  try {
    for await (const line of lines) {
      if (line.trim() === name) return
      break
    }
  } finally {
    lines.close()
  }
  throw new CommandError(`that is not ${name}: nothing was deleted`)
}

/** Deletes a whole repository, and says what is gone. @throws RegistryError, TransferError */
export const removeRepository = async (
  io: Pick<DeletesIo, 'say' | 'removeWhole'>,
  name: string,
  override: boolean,
): Promise<void> => {
  const { say } = io
  const { at, deleted, remaining, overridden, days } = await io.removeWhole(name, override)
  for (const { tag, was } of overridden) say(`The immutable tag ${tag} at ${was} is deleted.`)
  say(
    remaining
      ? `${name} is being deleted, as of ${at.toISOString()}: the next clean-up goes on, or the same command.`
      : `${name} is deleted, as of ${at.toISOString()}, with ${counted(deleted, 'manifest')}.`,
  )
  if (days > 0) say(`For ${days} days, "slipway undelete ${name}" brings it back.`)
}

/**
 * Deletes a whole repository.
 *
 * @throws CommandError when there is none, when it has immutable tags, or when nobody confirms it
 */
export const deleteRepository = async (io: DeletesIo, { args, flags }: Given): Promise<void> => {
  await inOneLine(async () => {
    const name = parseName(args.repository)
    if (!flags.confirmed) await confirm(io, name)
    await removeRepository(io, name, flags.override)
  })
}
