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

/** Cost of new hashes: about 60 ms each. */
export const COST = 10

/** Bytes of a password that bcrypt uses. */
export const MAX_PASSWORD_BYTES = 72

/** Most log-ins that wait for a comparison; more could not be served before clients give up. */
const MAX_WAITING = 100

/** Loaded by the first log-in, to keep cold starts fast. */
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
 * @throws RangeError for one in which {@link passwordFault} finds a fault
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
  // The same algorithm by the name that every htpasswd uses.
  return hash.replace(/^\$2a\$/, '$2y$')
}

/**
 * Compares as bcrypt does: only the first 72 bytes count. A password is never right if it is empty or
 * contains a NUL, which bcrypt may treat as an empty one.
 */
export const verifyPassword: VerifyPassword = async (password, hash) => {
  const bytes = Buffer.from(password).subarray(0, MAX_PASSWORD_BYTES)
  // hash-wasm refuses empty passwords, and the time would disclose that nothing was compared.
  const compared = bytes.length === 0 ? Buffer.from('\0') : bytes
  const { bcryptVerify } = await hashWasm()
  return (await bcryptVerify({ password: compared, hash })) && !compared.includes(0)
}

/**
 * Runs comparisons, or other such work, one after the other, so that many concurrent log-ins cannot monopolize the
 * processor. Where they run on this thread, other work gets its turn between two of them.
 *
 * The returned function throws AccessError TOOMANYREQUESTS if too many are waiting already.
 */
export const inTurn = <A extends readonly unknown[], T>(
  work: (...given: A) => Promise<T>,
): ((...given: A) => Promise<T>) => {
  let waiting = 0
  let last: Promise<unknown> = Promise.resolve()
  return async (...given) => {
    if (waiting >= MAX_WAITING) {
      throw new AccessError('TOOMANYREQUESTS', 'too many log-ins at once: try again in 5 s', {
        retryAfter: 5,
      })
    }
    waiting++
    const mine = last.then(async () => {
      await nextTurn()
      return work(...given)
    })
    last = mine.catch(() => undefined)
    try {
      return await mine
    } finally {
      waiting--
    }
  }
}

/** Compares passwords one after the other; see {@link inTurn}. */
export const oneAtATime = (verify: VerifyPassword): VerifyPassword => inTurn(verify)
