/**
 * `X-Docker-Encrypt` and `X-Docker-Sign`: whether an image is encrypted, and the signature of the password. The registry has
 * no password, and looks into neither: it says that it keeps them, and gives back what an image came with.
 *
 * @module
 */

import { invalid } from '../../v1/errors.ts'
import type { Announced } from '../../v1/image.ts'
import type { AppContext } from '../env.ts'

const ENCRYPT = 'X-Docker-Encrypt'
const SIGN = 'X-Docker-Sign'

/** Most characters of a value. */
const MOST = 1024

const read = (c: AppContext, name: string): string | undefined => {
  const value = c.req.header(name)
  if (value === undefined || value === '') return undefined
  if (value.length > MOST || !/^[\x20-\x7e]+$/.test(value)) throw invalid(`Invalid ${name}`)
  return value
}

/** What a request says of its image; undefined where it says nothing. @throws V1Error V1_INVALID */
export const readAnnounced = (c: AppContext): Announced | undefined => {
  const [encrypt, sign] = [read(c, ENCRYPT), read(c, SIGN)]
  return encrypt === undefined && sign === undefined ? undefined : { encrypt, sign }
}

/** Says what an image came with. */
export const sendAnnounced = (c: AppContext, { encrypt, sign }: Announced = {}): void => {
  if (encrypt !== undefined) c.header(ENCRYPT, encrypt)
  if (sign !== undefined) c.header(SIGN, sign)
}

/** Answers a client that asks, at the beginning of a push or a pull, whether both are kept here. */
export const answerAnnounced = (c: AppContext): void => {
  for (const name of [ENCRYPT, SIGN]) {
    if (c.req.header(name) !== undefined) c.header(name, 'true')
  }
}
