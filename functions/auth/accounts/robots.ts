/**
 * Robot accounts, for machines. Each can have several secrets, which expire, so that a new one can
 * be deployed before the old one ends. A secret is 256 random bits, of which only the SHA-256 is
 * kept; that much entropy needs no slow hash.
 *
 * @module
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { DocumentError } from '../../shared/errors.ts'
import * as z from '../../shared/schema.ts'
import { parseJsonDocument } from '../document.ts'
import { robotNameFault } from './names.ts'

const secretSchema = z.strictObject({
  /** Distinguishes secrets in lists; not secret itself. */
  id: z.string().check(z.regex(/^[0-9a-f]{8}$/)),
  /** Hex SHA-256 of the whole secret. */
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  created: z.iso.datetime(),
  /** When it expires; null for never. */
  expires: z.nullable(z.iso.datetime()),
})

const schema = z.strictObject({
  version: z.literal(1),
  robots: z.array(
    z.strictObject({
      name: z
        .string()
        .check(z.refine((name) => robotNameFault(name) === undefined, 'is not a valid robot name')),
      secrets: z.array(secretSchema),
    }),
  ),
})

/** One secret of a robot, as stored. */
export type RobotSecret = z.output<typeof secretSchema>

/** Secrets by the robot's name, without `robot+`. */
export type Robots = ReadonlyMap<string, readonly RobotSecret[]>

/**
 * Reads robots; undefined (no document) means no robots.
 *
 * @throws DocumentError that says where it is wrong
 */
export const parseRobots = (text: string | undefined): Robots => {
  if (text === undefined) return new Map()
  const document = parseJsonDocument('robots', text, schema)
  const robots = new Map(document.robots.map(({ name, secrets }) => [name, secrets]))
  if (robots.size < document.robots.length) {
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

/** Whether a secret is valid at a time in milliseconds. */
export const isCurrent = ({ expires }: Pick<RobotSecret, 'expires'>, now: number): boolean =>
  expires === null || now < Date.parse(expires)

/** The entry of a secret among those that have not expired, or undefined if it is not there. */
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
 * Generates a secret and the entry that is stored for it. The prefix lets scanners of source code
 * find leaked secrets.
 *
 * @param lifetime milliseconds, or null for one that does not expire
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
 * A robot's secrets with one more, without those that have expired; the others expire by `until`.
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
