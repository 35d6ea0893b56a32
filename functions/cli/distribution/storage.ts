/**
 * `storage`, `middleware`.
 *
 * @module
 */

import type { Plan } from './plan.ts'
import type { Reading } from './reading.ts'

/** Keys of `storage` that are no drivers. */
const BESIDE = ['cache', 'delete', 'maintenance', 'redirect', 'tag']

const filesystem = (reading: Reading, { settings }: Plan): void => {
  const path = reading.text('storage.filesystem.rootdirectory') ?? '/var/lib/registry'
  settings.set('store', `file:${path}`)
  reading.needless('storage.filesystem.maxthreads', 'the server bounds its threads itself')
}

/** Its scheme is in the endpoint here. */
const endpointOf = (reading: Reading): string | undefined => {
  const given = reading.text('storage.s3.regionendpoint')
  const isSecure = reading.flag('storage.s3.secure') ?? true
  if (given === undefined || /^https?:\/\//.test(given)) return given
  return `${isSecure ? 'https' : 'http'}://${given}`
}

const s3 = (reading: Reading, { settings, variables }: Plan): void => {
  const own = (name: string): string => `storage.s3.${name}`
  const prefix = (reading.text(own('rootdirectory')) ?? '').replace(/^\/+|\/+$/g, '')
  const bucket = reading.text(own('bucket')) ?? 'BUCKET'
  settings.set('store', `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`)
  const region = reading.text(own('region'))
  if (region !== undefined) settings.set('s3-region', region)
  const endpoint = endpointOf(reading)
  if (endpoint !== undefined) {
    settings.set('s3-endpoint', endpoint)
    if (reading.flag(own('forcepathstyle')) === false) settings.set('s3-path-style', 'off')
  } else {
    reading.needless(own('forcepathstyle'), 'it is for an endpoint, and there is none')
  }
  if (reading.flag(own('usedualstack'))) settings.set('s3-dualstack', 'on')
  const key = reading.text(own('keyid'))
  if (reading.flag(own('encrypt')) && key !== undefined) settings.set('s3-kms-key', key)
  for (const [name, variable] of [
    ['accesskey', 'AWS_ACCESS_KEY_ID'],
    ['secretkey', 'AWS_SECRET_ACCESS_KEY'],
    ['sessiontoken', 'AWS_SESSION_TOKEN'],
  ] as const) {
    if (reading.text(own(name)) !== undefined) variables.push({ name: variable, from: own(name) })
  }
  if (reading.flag(own('v4auth')) === false) {
    reading.lacks(own('v4auth'), 'requests are signed by version 4 alone')
  }
  for (const [name, usual, why] of [
    ['accelerate', 'false', 'there is no S3 Transfer Acceleration'],
    [
      'skipverify',
      'false',
      'certificates are verified: NODE_EXTRA_CA_CERTS names more authorities',
    ],
    ['usefipsendpoint', 'false', 'there are no FIPS endpoints: --s3-endpoint may name one'],
    ['storageclass', 'STANDARD', 'a lifecycle rule of the bucket may move objects'],
    ['objectacl', 'private', "objects have the bucket's rights"],
  ] as const) {
    const given = reading.text(own(name))
    if (given !== undefined && given !== usual) reading.lacks(own(name), why)
  }
  for (const name of [
    ...['chunksize', 'multipartcopychunksize', 'multipartcopymaxconcurrency'],
    ...['multipartcopythresholdsize', 'useragent', 'loglevel'],
  ]) {
    reading.needless(own(name), 'it is decided for each request')
  }
}

const beside = (reading: Reading, { settings }: Plan): void => {
  if (reading.flag('storage.redirect.disable')) settings.set('redirects', 'off')
  if (reading.flag('storage.maintenance.readonly.enabled')) settings.set('read-only', 'on')
  reading.needless('storage.cache', 'what does not change is kept in memory, within bounds')
  reading.needless('storage.tag', 'lookups of tags run side by side, within bounds')
  reading.needless('storage.maintenance.uploadpurging', 'uploads that are not finished expire')
  const drivers = reading.names('storage').filter((name) => !BESIDE.includes(name))
  for (const name of drivers) {
    if (name === 'filesystem' || name === 's3') continue
    reading.lacks(`storage.${name}`, 'everything is kept in a directory or S3: copy it there')
  }
}

/** Says where everything is. */
export const planStorage = (reading: Reading, plan: Plan): void => {
  if (reading.has('storage.filesystem')) filesystem(reading, plan)
  else if (reading.has('storage.s3')) s3(reading, plan)
  beside(reading, plan)
  reading.lacks(
    'middleware',
    'nothing is put between: docs/edge.md has blobs by CloudFront, docs/deploy.md the network',
  )
}
