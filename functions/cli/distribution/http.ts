/**
 * `http`.
 *
 * @module
 */

import { secondsOf } from './durations.ts'
import type { Plan } from './plan.ts'
import type { Reading } from './reading.ts'

/** An address as settings take it: a name of this machine is not one. */
const addressOf = (text: string): string => text.replace(/^localhost:/, '127.0.0.1:')

const places = (reading: Reading, { settings }: Plan): void => {
  const address = reading.text('http.addr')
  const net = reading.text('http.net')
  if (net === 'unix') reading.lacks('http.net', 'it listens on TCP alone')
  else settings.set('listen', addressOf(address ?? ':5000').replace(/^:/, '0.0.0.0:'))
  const host = reading.text('http.host')
  if (host !== undefined) settings.set('public-url', host.replace(/\/+$/, ''))
  if ((reading.text('http.prefix') ?? '/') !== '/') {
    reading.lacks('http.prefix', 'paths begin with /v2/: a proxy in front may take a prefix away')
  }
  const drain = reading.text('http.draintimeout')
  const seconds = drain === undefined ? undefined : secondsOf(drain)
  if (seconds) settings.set('stop-timeout', `${Math.ceil(seconds)}s`)
  reading.needless('http.secret', 'uploads are sealed by a key in the store, for all servers')
  reading.needless('http.relativeurls', 'Locations are relative, where clients follow them')
}

const tls = (reading: Reading, { settings }: Plan): void => {
  const [certificate, key] = [reading.text('http.tls.certificate'), reading.text('http.tls.key')]
  if (certificate !== undefined) settings.set('tls-cert', certificate)
  if (key !== undefined) settings.set('tls-key', key)
  const [authority, ...more] = reading.texts('http.tls.clientcas')
  if (authority !== undefined) settings.set('tls-client-ca', authority)
  if (more.length > 0) {
    reading.lacks('http.tls.clientcas', 'there is one file: put all authorities into it')
  }
  const wanted = reading.text('http.tls.clientauth') ?? 'require-and-verify-client-cert'
  if (authority !== undefined && wanted === 'require-and-verify-client-cert') {
    settings.set('tls-client-only', 'on')
  } else if (authority !== undefined && wanted !== 'verify-client-cert-if-given') {
    reading.lacks('http.tls.clientauth', 'certificates of clients are always verified')
  }
  const least = reading.text('http.tls.minimumtls')
  if (least === 'tls1.3') {
    reading.lacks('http.tls.minimumtls', 'NODE_OPTIONS=--tls-min-v1.3 does it')
  } else if (least !== undefined && least !== 'tls1.2') {
    reading.lacks('http.tls.minimumtls', 'there is no TLS below 1.2')
  }
  reading.lacks('http.tls.ciphersuites', 'NODE_OPTIONS=--tls-cipher-list=… names them')
  reading.lacks(
    'http.tls.letsencrypt',
    'another program gets the certificate, and SIGHUP has it read again',
  )
}

const debug = (reading: Reading, { settings }: Plan): void => {
  const address = reading.text('http.debug.addr')
  const path = reading.text('http.debug.prometheus.path') ?? '/metrics'
  if (reading.flag('http.debug.prometheus.enabled')) {
    const metrics = addressOf(address ?? 'localhost:5001')
    settings.set('metrics', metrics.replace(/^:/, '0.0.0.0:'))
    if (path !== '/metrics') reading.lacks('http.debug.prometheus.path', 'it is /metrics')
    return
  }
  reading.lacks('http.debug.addr', 'there is no listener for that: health is at /livez and /readyz')
}

/** Says how it is reached. */
export const planHttp = (reading: Reading, plan: Plan): void => {
  places(reading, plan)
  tls(reading, plan)
  debug(reading, plan)
  for (const name of reading.names('http.headers')) {
    const key = `http.headers.${name}`
    if (/^x-content-type-options$/i.test(name)) reading.needless(key, 'it is sent')
    else reading.lacks(key, 'a proxy in front may add headers')
  }
  if (reading.flag('http.h2c.enabled')) {
    reading.lacks('http.h2c', 'HTTP/2 is not spoken: a proxy in front may')
  }
  reading.needless('http.http2', 'HTTP/1.1 is spoken: a proxy in front may speak HTTP/2')
}
