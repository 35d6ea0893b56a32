/**
 * Knowing one's own write again.
 *
 * A conditional write whose answer is lost is sent again by the SDK, and then refused because of
 * itself. Whether that happened cannot be told from the content, which another writer may have
 * written too. So each conditional write carries a number of its own in the object's metadata.
 *
 * @module
 */
const WRITE_ID = 'slipway-write'

type Metadata = Readonly<Record<string, string>>

/** Metadata with the number of a write in it. */
export const withWriteId = (
  metadata: Metadata | undefined,
  id: string,
): Record<string, string> => ({
  ...metadata,
  [WRITE_ID]: id,
})

/** Metadata as the caller gave it. */
export const withoutWriteId = (metadata: Metadata = {}): Metadata => {
  const { [WRITE_ID]: _, ...rest } = metadata
  return rest
}

/** The number of the conditional write that made an object, if one did. */
export const writeIdOf = (metadata: Metadata | undefined): string | undefined =>
  metadata?.[WRITE_ID]
