/**
 * The kinds of values that can be set: what each must look like, and the message if it does not.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { parsePolicy } from '../functions/auth/policy/parse.ts'
import { parseMirror } from '../functions/cli/mirror/parse.ts'
import { parseAwsNetworks } from '../functions/compose/aws-networks.ts'
import { SETTINGS, type SettingName } from '../functions/compose/setting-table.ts'
import * as z from '../functions/shared/schema.ts'

/** Any text that is not empty. */
export const text = z.string('expected text').check(z.minLength(1, 'expected a value'))

/** A whole number: text on the command line, perhaps a number in cdk.json. */
export const integer = (least: number, most: number) => {
  const expected = `expected a whole number from ${least} to ${most}`
  return z.pipe(
    z.union([z.number(), z.converted(z.string().check(z.regex(/^\d+$/)), Number)], expected),
    z.int(expected).check(z.minimum(least, expected), z.maximum(most, expected)),
  )
}

const FRACTION = 'expected a number from 0 to 1, as 0.05'

/** A part of the whole, likewise. */
export const fraction = z.pipe(
  z.union(
    [z.number(), z.converted(z.string().check(z.regex(/^\d(?:\.\d{1,9})?$/)), Number)],
    FRACTION,
  ),
  z.number().check(z.minimum(0, FRACTION), z.maximum(1, FRACTION)),
)

/** A switch. */
export const onOff = z.converted(
  z.union([z.boolean(), z.enum(['on', 'off', 'true', 'false'])], 'expected on or off'),
  (value) => value === true || value === 'on' || value === 'true',
)

/** A setting of the handler, checked by its own schema and passed on as text. */
export const handlerSetting = (name: SettingName) =>
  z.converted(text, (value, refuse) => {
    const { error } = SETTINGS[name].schema.safeParse(value)
    if (error === undefined) return value
    return refuse(error.issues[0]?.message ?? 'cannot be used')
  })

/** An ARN. @param resource the beginning of the part that names the resource */
export const arn = (service: string, resource: string) =>
  text.check(
    z.regex(
      // What belongs to no Region has none.
      new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:\\d{12}:${resource}`),
      `expected an ARN, arn:aws:${service}:…`,
    ),
  )

/** The name of a bucket. */
export const bucketName = text.check(
  z.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected the name of a bucket'),
)

/** Regions, as `eu-west-1,us-east-1`. */
export const regions = z.converted(
  text.check(
    z.regex(
      /^[a-z]{2}(?:-[a-z]+)+-\d(?:,[a-z]{2}(?:-[a-z]+)+-\d)*$/,
      'expected Regions, as eu-west-1,us-east-1',
    ),
  ),
  (list) => list.split(','),
)

/** ARNs, as `arn,arn`. */
export const arns = (service: string, resource: string) =>
  z.pipe(
    z.converted(text, (list) => list.split(',')),
    z.array(arn(service, resource)),
  )

/** Path of a valid access document. */
export const policyFile = z.converted(text, (path, refuse) => {
  try {
    parsePolicy(readFileSync(path, 'utf8'))
    return path
  } catch (error) {
    return refuse((error as Error).message)
  }
})

/** Path of a valid document of mirrors. */
export const mirrorFile = z.converted(text, (path, refuse) => {
  try {
    parseMirror(readFileSync(path, 'utf8'))
    return path
  } catch (error) {
    return refuse((error as Error).message)
  }
})

/** Path of AWS's own list of its networks. */
export const networksFile = z.converted(text, (path, refuse) => {
  try {
    parseAwsNetworks(readFileSync(path, 'utf8'))
    return path
  } catch (error) {
    return refuse((error as Error).message)
  }
})

/** Numbers of days for which CloudWatch Logs can keep logs. */
const RETENTION = Object.values(RetentionDays).filter(
  (days): days is number => typeof days === 'number' && days !== RetentionDays.INFINITE,
)

/** `name=value,name=value`, or an object in cdk.json. */
export const tags = z.pipe(
  z.union(
    [
      z.record(z.string(), z.string()),
      z.converted(
        z
          .string()
          .check(z.regex(/^[^=,]+=[^=,]*(?:,[^=,]+=[^=,]*)*$/, 'expected name=value,name=value')),
        (list) =>
          Object.fromEntries(
            list.split(',').map((tag): [string, string] => {
              const [name = '', value = ''] = tag.split('=')
              return [name, value]
            }),
          ),
      ),
    ],
    'expected name=value,name=value',
  ),
  z.record(z.string().check(z.minLength(1), z.maxLength(128)), z.string().check(z.maxLength(256))),
)

const HOST = /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/

/** A host name with at least one dot. */
export const host = text.check(z.regex(HOST, 'expected a host name, as registry.example.com'))

/** How long logs are kept. */
export const retention = z.converted(
  integer(1, 3653).check(
    z.refine((days) => RETENTION.includes(days), `expected one of ${RETENTION.join(', ')}`),
  ),
  (days): RetentionDays => days,
)

/** A rate that an endpoint of a Web Function can be limited to. */
export const webRate = integer(100, 10_000).check(
  z.refine(
    (rate) => rate % (rate < 1000 ? 100 : 1000) === 0,
    'expected 100 to 1000 in steps of 100, or 2000 to 10000 in steps of 1000',
  ),
)

export { secretNames } from '../functions/compose/setting-kinds.ts'

/** A secret in AWS Secrets Manager; a policy needs its whole ARN. */
export const secretArn = text.check(
  z.regex(
    /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}$/,
    'expected the whole ARN of a secret, arn:aws:secretsmanager:…, with the six characters at its end',
  ),
)

/**
 * Secrets by the names that a document has for them: `DEPLOYER=arn,SEARCH=arn`.
 *
 * @param example of a name
 * @param variable what the variables begin with
 */
export const namedSecrets = (example: string, variable: string) =>
  z.pipe(
    z.converted(text, (list) =>
      Object.fromEntries(
        list.split(',').map((each): [string, string] => {
          const [name = '', ...rest] = each.split('=')
          return [name, rest.join('=')]
        }),
      ),
    ),
    z.record(
      z.string().check(z.regex(/^[A-Z0-9_]+$/, 'expected NAME=arn:aws:secretsmanager:…')),
      secretArn,
      `expected NAME=arn:aws:secretsmanager:…,NAME=…, as in ${example} for env:${variable}_${example}`,
    ),
  )
