/**
 * Password hashes: bcrypt, one at a time.
 *
 * @module
 */

import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AccessError } from '../errors.ts'

/** Compares a password to a bcrypt hash. */
export type VerifyPassword = (password: string, hash: string) => Promise<boolean>

/** Cost of new hashes: some 60 ms each. */
export const COST = 10

/** Bytes of a password that bcrypt looks at. */
export const MAX_PASSWORD_BYTES = 72

/** Most log-ins that wait for their comparison; with more, none would be done in a client's time. */
const MAX_WAITING = 100

/** Loaded by the first log-in: a cold start should not read it. */
const hashWasm = () => import('./wasm.ts')

/** What is wrong with a new password, or undefined. */
export const passwordFault = (password: string): string | undefined => {
  if (password === '') return 'it is empty'
  if (password.includes('\0')) return 'it contains a NUL character'
  const size = Buffer.byteLength(password)
  return size <= MAX_PASSWORD_BYTES
    ? undefined
    : `it has ${size} bytes, and bcrypt only looks at the first ${MAX_PASSWORD_BYTES}`
}

/**
 * Hashes a new password.
 *
 * @throws RangeError for one that {@link passwordFault} finds wrong
 */
export const hashPassword = async (password: string, cost = COST): Promise<string> => {
  const fault = passwordFault(password)
  if (fault !== undefined) throw new RangeError(`the password cannot be used: ${fault}`)
  const { bcrypt } = await hashWasm()
  const hash = await bcrypt({
    password,
    salt: randomBytes(16),
    costFactor: cost,
    outputType: 'encoded',
  })
  // The same algorithm under the name that every htpasswd knows.
  return hash.replace(/^\$2a\$/, '$2y$')
}

/**
 * Compares as bcrypt does: only the first 72 bytes count. An empty password is never right, nor one
 * with a NUL, which to bcrypt may be the same as an empty one.
 */
export const verifyPassword: VerifyPassword = async (password, hash) => {
  const bytes = Buffer.from(password).subarray(0, MAX_PASSWORD_BYTES)
  // hash-wasm refuses empty ones, which would tell by time that nothing was compared.
  const compared = bytes.length === 0 ? Buffer.from('\0') : bytes
  const { bcryptVerify } = await hashWasm()
  return (await bcryptVerify({ password: compared, hash })) && !compared.includes(0)
}

/**
 * Makes comparisons wait for each other, so that many log-ins at once cannot take the thread from
 * everything else: between two of them others get their turn.
 *
 * The returned function throws AccessError TOOMANYREQUESTS when too many wait already.
 */
export const oneAtATime = (verify: VerifyPassword): VerifyPassword => {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  return async (password, hash) => {
    if (waiting >= MAX_WAITING) {
      throw new AccessError('TOOMANYREQUESTS', 'too many log-ins at once: try again in 5 s', {
        retryAfter: 5,
      })
    }
    waiting++
    const mine = last.then(async () => {
      await nextTurn()
      return verify(password, hash)
    })
    last = mine.catch(() => undefined)
    try {
      return await mine
    } finally {
      waiting--
    }
  }
}
