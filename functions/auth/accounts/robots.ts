/**
 * Robot accounts: for machines, with several secrets each that end by themselves, so that a new one
 * can be put in place before the old one ends. A secret is 256 random bits, of which only the
 * digest is kept; that needs no slow hash.
 *
 * @module
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import { DocumentError } from '../errors.ts'
import { robotNameFault } from './names.ts'

const secretSchema = z.strictObject({
  /** Tells secrets apart in lists; no secret itself. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  /** Hex SHA-256 of the whole secret. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created: z.iso.datetime(),
  /** When it ends; null for never. */
  expires: z.iso.datetime().nullable(),
})

const schema = z.strictObject({
  version: z.literal(1),
  robots: z.array(
    z.strictObject({
      name: z
        .string()
        .refine((name) => robotNameFault(name) === undefined, 'is not a valid robot name'),
      secrets: z.array(secretSchema),
    }),
  ),
})

/** One secret of a robot, as it is kept. */
export type RobotSecret = z.output<typeof secretSchema>

/** Secrets by the robot's name, without `robot+`. */
export type Robots = ReadonlyMap<string, readonly RobotSecret[]>

/**
 * Reads robots; undefined is no document, thus no robots.
 *
 * @throws DocumentError naming the place
 */
export const parseRobots = (text: string | undefined): Robots => {
  if (text === undefined) return new Map()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new DocumentError('robots: expected JSON', { cause })
  }
  const result = schema.safeParse(json)
  if (!result.success) {
    const issue = result.error.issues[0]
    throw new DocumentError(`robots: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  const robots = new Map(result.data.robots.map(({ name, secrets }) => [name, secrets]))
  if (robots.size < result.data.robots.length) {
    throw new DocumentError('robots: a name appears twice')
  }
  return robots
}

/** Writes robots. */
export const formatRobots = (robots: Robots): string => {
  const document: z.output<typeof schema> = {
    version: 1,
    robots: [...robots].map(([name, secrets]) => ({ name, secrets: [...secrets] })),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Whether a secret may be used at a time in milliseconds. */
export const isCurrent = ({ expires }: RobotSecret, now: number): boolean =>
  expires === null || now < Date.parse(expires)

/** The entry of a secret among those that have not ended, or undefined when it is none of them. */
export const findSecret = (
  entries: readonly RobotSecret[],
  secret: string,
  now: number,
): RobotSecret | undefined => {
  const given = digest(secret)
  return entries
    .filter((entry) => isCurrent(entry, now))
    .find((entry) => timingSafeEqual(Buffer.from(entry.sha256, 'hex'), given))
}

/**
 * Makes a secret and the entry that is kept of it. The prefix lets scanners of source code find
 * secrets that leaked.
 *
 * @param lifetime milliseconds, or null for one that does not end
 */
export const newSecret = (
  now: number,
  lifetime: number | null,
): { readonly secret: string; readonly entry: RobotSecret } => {
  const secret = `slipway_${randomBytes(32).toString('base64url')}`
  const entry = {
    id: randomBytes(4).toString('hex'),
    sha256: digest(secret).toString('hex'),
    created: new Date(now).toISOString(),
    expires: lifetime === null ? null : new Date(now + lifetime).toISOString(),
  }
  return { secret, entry }
}

/**
 * A robot's secrets with one more, without those that have ended, and the others ending by `until`.
 *
 * @param until milliseconds since the epoch
 */
export const rotated = (
  entries: readonly RobotSecret[],
  added: RobotSecret,
  now: number,
  until: number,
): RobotSecret[] => {
  const ends = (expires: string | null): string => {
    const at = expires === null ? until : Math.min(Date.parse(expires), until)
    return new Date(at).toISOString()
  }
  const kept = entries
    .map((entry) => ({ ...entry, expires: ends(entry.expires) }))
    .filter((entry) => isCurrent(entry, now))
  return [...kept, added]
}
