/**
 * Schema 1, as the settings have it.
 *
 * @module
 */

import { readFile } from 'node:fs/promises'
import { certificatesOfBundle } from '../auth/trusted-keys/key-set.ts'
import type { Schema1 } from '../schema1/door.ts'
import * as schema1 from '../schema1/open.ts'
import { SettingsError } from './errors.ts'
import type { Settings } from './settings.ts'

/** @throws SettingsError when the file with the authorities cannot be used */
export const openSchema1 = async (
  settings: Settings,
  parts: Omit<schema1.Schema1Parts, 'roots'>,
): Promise<Schema1> => {
  const path = settings['schema1-roots']
  if (path === undefined) return schema1.openSchema1(parts)
  try {
    const roots = certificatesOfBundle(await readFile(path, 'utf8'))
    return schema1.openSchema1({ ...parts, roots })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SettingsError(`--schema1-roots: ${path}: ${why}`, { cause })
  }
}
