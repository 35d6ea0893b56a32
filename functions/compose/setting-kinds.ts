/**
 * The kinds of values that settings have: what each must look like, and the message if it does not.
 *
 * @module
 */

import { availableParallelism } from 'node:os'
import { subjectFault } from '../auth/policy/subject.ts'
import * as z from '../shared/schema.ts'
import { secureUrl } from '../shared/secure-url.ts'
import { LEAST_UPLOAD_MEMORY } from './process-memory.ts'

/** A switch, `on` or `off`. */
export const onOff = z.converted(z.enum(['on', 'off']), (value) => value === 'on')

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

const secondsOf = (text: string): number => {
  const [, count, unit = ''] = text.match(/^(\d{1,9})([smhd]?)$/) ?? []
  return Number(count) * (UNITS[unit] ?? Number.NaN)
}

/** A time in seconds, as `300`, `5m`, `24h` or `2d`, between two others. */
export const span = (least: string, most: string) =>
  z.converted(z.string(), (value, refuse) => {
    const seconds = secondsOf(value)
    if (seconds >= secondsOf(least) && seconds <= secondsOf(most)) return seconds
    return refuse(`expected a time between ${least} and ${most}, as in 90s, 30m, 12h or 2d`)
  })

/** How long answers for tags are kept. */
export const ages = span('1s', '1h')

/** A number of mebibytes, as bytes. */
export const mebibytes = z
  .converted(
    z.string().check(z.regex(/^\d{1,6}$/, 'expected a number of MiB, as in 96')),
    (value) => Number(value) * 1024 * 1024,
  )
  .check(z.refine((value) => value >= LEAST_UPLOAD_MEMORY, 'expected 16 MiB or more'))

/** Most workers that `auto` gives, however many cores there are. */
const MOST_BY_ITSELF = 8

/** A number of processes; `auto`: one a core that this process may use. */
export const workers = z.converted(z.string(), (value, refuse) => {
  if (value === 'auto') return Math.min(availableParallelism(), MOST_BY_ITSELF)
  const count = /^\d{1,2}$/.test(value) ? Number(value) : 0
  return count >= 1 && count <= 64 ? count : refuse('expected a number from 1 to 64, or auto')
})

/** A namespace of metrics, as CloudWatch has them; those that begin with `AWS/` are its own. */
export const metricsNamespace = z
  .string()
  .check(
    z.regex(
      /^(?!AWS\/)[A-Za-z0-9./_#-]{1,255}$/,
      'expected letters, digits and . / _ # -, and not AWS/ first',
    ),
  )

/** A number of days, 0 to 3650. */
export const days = z
  .converted(z.string().check(z.regex(/^\d{1,4}$/, 'expected a whole number of days')), Number)
  .check(z.refine((value) => value <= 3650, 'expected a number from 0 to 3650'))

/** Names of callers as the audit trail has them, divided by commas; `*` is any part. */
export const callers = z.converted(z.string(), (value, refuse) => {
  const names = value.split(',').filter((name) => name !== '')
  const wrong = names.find(
    (name) => !/^(?:anonymous|(?:user|robot|token|aws|certificate):.{1,256})$/.test(name),
  )
  if (wrong === undefined) return names
  return refuse(
    `${JSON.stringify(wrong)} names no caller: expected user:<name>, robot:<name>, token:<sub>, aws:<ARN>, certificate:<subject> or anonymous`,
  )
})

/** Address and port. @param otherwise the address where none is given */
const addressOr = (otherwise: string) =>
  z.converted(z.string(), (value, refuse) => {
    const match = value.match(/^(?:\[([0-9a-fA-F:]+)\]|([^:]*)):(\d{1,5})$/)
    const port = Number(match?.[3])
    if (match && port <= 65535) return { host: match[1] ?? (match[2] || otherwise), port }
    return refuse('expected <address>:<port>, as in 127.0.0.1:5000')
  })

/** Address and port; without an address, all addresses of the machine. */
export const listen = addressOr('0.0.0.0')

/** Address and port; without an address, this machine alone can reach it. */
export const listenLocally = addressOr('127.0.0.1')

/** Where everything is kept. */
export const store = z.converted(z.string(), (value, refuse) => {
  const [, path] = value.match(/^file:(?:\/\/)?(.+)$/) ?? []
  if (path !== undefined) return { kind: 'file' as const, path }
  const [, bucket, prefix = ''] =
    value.match(/^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/) ?? []
  if (bucket !== undefined)
    return { kind: 's3' as const, bucket, prefix: prefix.replace(/\/+$/, '') }
  return refuse('expected file:<directory> or s3://<bucket>/<prefix>')
})

/** Where clients are sent for tokens. It has no query, because some clients replace one. */
export const realm = z
  .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
  .check(
    z.regex(/^[!#-[\]-~]+$/, 'expected no quotes, spaces or characters beyond ASCII'),
    z.regex(/^[^?#]*$/, 'expected no query or fragment'),
  )

/** Scheme and host alone. */
export const publicUrl = z
  .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
  .check(
    z.regex(
      /^\w+:\/\/[^/?#@\s"]+\/?$/,
      'expected scheme and host alone, as in https://registry.example',
    ),
  )

/** Scheme and host of another server that is sent what is secret: encrypted, or on this machine. */
export const uploadOrigin = z.converted(
  publicUrl.check(
    z.refine(
      (value) =>
        /^https:|^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?=[:/]|$)/i.test(value),
      'expected https, or http on loopback: the Location of an upload is a secret',
    ),
  ),
  (value) => new URL(value).origin,
)

/** A name that is safe within a quoted string of a header. */
export const headerName = z
  .string()
  .check(z.regex(/^[A-Za-z0-9._:/-]{1,200}$/, 'expected letters, digits, . _ : / or -'))

/** A key in KMS, as what follows `kms:`. */
export const kmsKey = z.converted(
  z.string().check(z.regex(/^kms:./, 'expected kms:<key>')),
  (key) => key.slice('kms:'.length),
)

/** A function of AWS Lambda. */
export const lambdaFunction = z
  .string()
  .check(
    z.regex(
      /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9-_]{1,64}$/,
      'expected the ARN of a function, arn:aws:lambda:…',
    ),
  )

/** Names of the secrets of the edge: one, or two while they are changed. */
export const secretNames = z.converted(
  z
    .string()
    .check(
      z.regex(
        /^[A-Za-z0-9]{1,20}(?:,[A-Za-z0-9]{1,20})?$/,
        'expected one or two names, as in 1 or 2,1',
      ),
    ),
  (names) => names.split(','),
)

/** Id of a public key at CloudFront. */
export const keyPairId = z
  .string()
  .check(z.regex(/^K[A-Z0-9]{5,30}$/, 'expected an id, as K2JCJMDEHXQW5F'))

/** An AWS account. */
export const accountId = z
  .string()
  .check(z.regex(/^\d{12}$/, 'expected an account ID of 12 digits'))

/** A list, divided by commas; undefined if an entry does not have the form. */
const listOf = (value: string, form: RegExp): readonly string[] | undefined => {
  const entries = value.split(',')
  return entries.every((each) => form.test(each)) ? entries : undefined
}

/** Regions of AWS. */
export const awsRegions = z.converted(
  z.string(),
  (value, refuse) =>
    listOf(value, /^[a-z]{2,6}(?:-[a-z]+)+-\d{1,2}$/) ??
    refuse('expected Regions, as in eu-west-1,us-east-1'),
)

/** What is wrong with a list of callers of AWS, or undefined. */
const awsFault = (callers: readonly string[]): string | undefined =>
  callers.map((each) => subjectFault(`aws:${each}`)).find((fault) => fault !== undefined)

/** Callers of AWS: accounts, and ARNs or patterns of them, as policies name them after `aws:`. */
export const awsCallers = z.converted(z.string(), (value, refuse): readonly string[] => {
  const callers = value.split(',')
  const fault = awsFault(callers)
  return fault === undefined ? callers : refuse(fault)
})

/** An account, or an ARN of one. */
const OF_ACCOUNT = /^(?:arn:[a-z-]+:[a-z]+::)?\d{12}(?::|$)/

/** Callers of AWS who may log in: of certain accounts, or `organization` for all accounts of one. */
export const awsAccounts = z.converted(z.string(), (value, refuse) => {
  if (value === 'organization') return value
  const callers = value.split(',')
  const fault = awsFault(callers)
  if (fault !== undefined) return refuse(`${fault}, or organization`)
  const everywhere = callers.find((each) => !OF_ACCOUNT.test(each))
  if (everywhere === undefined) return callers
  return refuse(`${JSON.stringify(everywhere)} is of any account: expected one of 12 digits`)
})

/** Names by which clients call a registry, in lower case. */
export const registryNames = z.converted(
  z.string(),
  (value, refuse) =>
    listOf(value, /^[a-z0-9.-]{1,253}(?::\d{1,5})?$/) ??
    refuse('expected names in lower case, as in registry.example,registry.example:5000'),
)

/** Origins as browsers write them, or `*` for all. */
export const origins = z.converted(z.string(), (value, refuse): '*' | readonly string[] => {
  if (value === '*') return value
  const entries = value.split(',')
  const wrong = entries.find((each) => !/^https?:/.test(each) || URL.parse(each)?.origin !== each)
  if (wrong === undefined) return entries
  return refuse(
    `${JSON.stringify(wrong)}: expected *, or scheme and host alone, as in https://ui.example`,
  )
})

/** Where a service is that is believed: https, or http on this machine. */
export const trustedOrigin = publicUrl.check(
  z.refine((value) => secureUrl(value) !== undefined, 'expected https, or http on loopback'),
)

/** The name of a bucket. */
export const bucketName = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected the name of a bucket'))

/** Any text that is not empty. */
export const text = z.string().check(z.minLength(1, 'expected a value'))

/** URL of a service, http or https. */
export const serviceUrl = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' })
