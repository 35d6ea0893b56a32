/**
 * Recognizing one's own write.
 *
 * If the response to a conditional write is lost, the SDK sends it again, and S3 then refuses it
 * because of the first one. The content does not show whether that happened: another writer may
 * have written the same. So each conditional write has an ID of its own in the object's metadata.
 *
 * @module
 */
const WRITE_ID = 'slipway-write'

type Metadata = Readonly<Record<string, string>>

/** Metadata with the ID of a write. */
export const withWriteId = (
  metadata: Metadata | undefined,
  id: string,
): Record<string, string> => ({
  ...metadata,
  [WRITE_ID]: id,
})

/** Metadata as given by the caller. */
export const withoutWriteId = (metadata: Metadata = {}): Metadata => {
  const { [WRITE_ID]: _, ...rest } = metadata
  return rest
}

/** The ID of the conditional write that made an object, if one did. */
export const writeIdOf = (metadata: Metadata | undefined): string | undefined =>
  metadata?.[WRITE_ID]
