/**
 * `notifications` and `proxy`: other servers.
 *
 * @module
 */

import type { Plan } from './plan.ts'
import type { Reading } from './reading.ts'

/** A name as documents take it. */
const nameOf = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63) || 'other'

/** The part of a variable's name. */
const variableOf = (name: string): string => name.toUpperCase().replaceAll('-', '_')

/** What an address may be though it is private: said, where it is written, and any where a name leads inside. */
const privateOf = ({ hostname }: URL): readonly string[] | true | undefined => {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (host === 'localhost') return ['127.0.0.1', '::1']
  if (/^(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]+$|:/.test(host)) return [host]
  return host.includes('.') && !/\.(?:internal|local|lan|svc)$/.test(host) ? undefined : true
}

const KINDS = ['push', 'pull', 'mount', 'delete']
const OCTETS = 'application/octet-stream'

const receiver = (reading: Reading, plan: Plan, own: string): object[] => {
  if (reading.flag(`${own}.disabled`)) {
    reading.needless(own, 'it is disabled')
    return []
  }
  const name = nameOf(reading.text(`${own}.name`) ?? 'listener')
  const url = URL.parse(reading.text(`${own}.url`) ?? '')
  for (const each of ['timeout', 'threshold', 'backoff']) {
    reading.needless(`${own}.${each}`, 'what was not delivered is sent again, later and later')
  }
  const ignored = [
    ...reading.texts(`${own}.ignoredmediatypes`),
    ...reading.texts(`${own}.ignore.mediatypes`),
  ]
  const actions = reading.texts(`${own}.ignore.actions`)
  for (const header of reading.names(`${own}.headers`)) {
    const key = `${own}.headers.${header}`
    if (/^authorization$/i.test(header)) {
      reading.text(key)
      plan.variables.push({ name: `SLIPWAY_EVENT_${variableOf(name)}`, from: key })
    } else reading.lacks(key, 'only Authorization is sent')
  }
  if (url === null) {
    reading.lacks(`${own}.url`, 'it is no URL')
    return []
  }
  if (ignored.some((each) => each !== OCTETS)) {
    reading.lacks(`${own}.ignore.mediatypes`, 'events are chosen by kind and repository')
  }
  if (url.username !== '' || url.password !== '') {
    reading.lacks(
      `${own}.url`,
      'its password goes into a header: see authorization in docs/events.md',
    )
    url.username = ''
    url.password = ''
  }
  const hasHeader = plan.variables.some(({ from }) => from.startsWith(`${own}.headers.`))
  const allowed = privateOf(url)
  return [
    {
      name,
      url: url.href,
      format: 'distribution',
      kinds: KINDS.filter((kind) => !actions.includes(kind)),
      ...(ignored.includes(OCTETS) ? { blobs: false } : {}),
      ...(reading.flag('notifications.events.includereferences') ? { references: true } : {}),
      ...(hasHeader ? { authorization: `env:SLIPWAY_EVENT_${variableOf(name)}` } : {}),
      ...(allowed === undefined ? {} : { private: allowed }),
    },
  ]
}

/** Says who is told of what happens. */
export const planNotifications = (reading: Reading, plan: Plan): void => {
  const count = reading.count('notifications.endpoints')
  const all = Array.from({ length: count }, (_, at) => `notifications.endpoints.${at}`)
  const receivers = all.flatMap((own) => receiver(reading, plan, own))
  reading.flag('notifications.events.includereferences')
  if (receivers.length === 0) return
  plan.documents.push({ command: 'events', document: { version: 1, receivers } })
}

/** Says which registry is asked for what is not here. */
export const planProxy = (reading: Reading, plan: Plan): void => {
  const url = URL.parse(reading.text('proxy.remoteurl') ?? '')
  const [user, password] = [reading.text('proxy.username'), reading.text('proxy.password')]
  reading.lacks('proxy.exec', 'credentials are in a variable, or those of IAM for ECR')
  reading.needless('proxy.ttl', 'tags are asked for again; copies stay, as many as a size allows')
  if (url === null) return
  const isHub = /^(?:registry-1|index)?\.?docker\.io$/.test(url.host)
  const name = isHub ? 'hub' : nameOf(url.host)
  const variable = `SLIPWAY_UPSTREAM_${variableOf(name)}`
  if (user !== undefined && password !== undefined) {
    const form = 'proxy.username:proxy.password'
    plan.variables.push({ name: variable, from: 'proxy.password', form })
  }
  const allowed = privateOf(url)
  const upstream = {
    name,
    host: isHub ? 'docker.io' : url.host,
    ...(url.protocol === 'https:' ? {} : { url: url.origin }),
    prefix: '',
    ...(user !== undefined && password !== undefined ? { credentials: `env:${variable}` } : {}),
    ...(allowed === undefined ? {} : { private: allowed }),
  }
  plan.documents.push({ command: 'upstreams', document: { version: 1, upstreams: [upstream] } })
}
