/**
 * TLS: the server's certificate, and the certificates of clients. All files are followed while the
 * server runs; connections stay.
 *
 * @module
 */

import type { Server } from 'node:https'
import { createSecureContext, type TLSSocket, type TlsOptions } from 'node:tls'
import type { RequestLogger } from '../../api/env.ts'
import type { CertificateAuthorities } from '../../auth/certificate.ts'
import { SettingsError } from '../../compose/errors.ts'
import type { Settings } from '../../compose/settings.ts'
import { type Authorities, createExaminer, readAuthorities, type Shown } from './authorities.ts'
import { type Followed, follow } from './followed.ts'
import { checkedPair } from './pair.ts'

/** Milliseconds between two looks at the files. */
const INTERVAL = 10_000

/** TLS as the settings have it. */
export interface Tls {
  /** For the creation of the server. */
  readonly options: TlsOptions
  /** Whose certificates let callers in, if any do. */
  readonly authorities: CertificateAuthorities | undefined
  /** What the client of a connection showed, as of now. */
  shown(socket: TLSSocket): Shown
  /** From now on the server uses the files as they are at the moment. @returns a function that ends that */
  follow(server: Server): () => void
  /** Looks at the files now. */
  reload(): Promise<void>
}

const opened = async <T>(flags: string, work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (cause) {
    // What the system says of a file names it.
    if (!(cause instanceof Error) || 'syscall' in cause) throw cause
    throw new SettingsError(`${flags}: ${cause.message}`, { cause })
  }
}

type TlsSettings = Pick<
  Settings,
  'tls-cert' | 'tls-key' | 'tls-client-ca' | 'tls-client-crl' | 'tls-client-only'
>

const openAuthorities = async (
  settings: TlsSettings,
  logger: RequestLogger,
): Promise<Followed<Authorities> | undefined> => {
  const { 'tls-client-ca': ca, 'tls-client-crl': crl } = settings
  if (ca === undefined) return undefined
  const paths = crl === undefined ? [ca] : [ca, crl]
  const make = (caText: string, crlText?: string) => {
    const authorities = readAuthorities(caText, crlText, Date.now)
    createSecureContext(authorities.options)
    return authorities
  }
  return opened(
    `--tls-client-ca ${ca}${crl === undefined ? '' : `, --tls-client-crl ${crl}`}`,
    follow(
      'the authorities of client certificates',
      paths,
      make as (...texts: string[]) => Authorities,
      logger,
    ),
  )
}

/**
 * Opens the files that the settings name.
 *
 * @param interval milliseconds between two looks at the files
 * @returns undefined without a certificate
 * @throws SettingsError when a file cannot be used, the system's error when it cannot be read
 */
export const openTls = async (
  settings: TlsSettings,
  logger: RequestLogger,
  interval: number = INTERVAL,
): Promise<Tls | undefined> => {
  const { 'tls-cert': certPath, 'tls-key': keyPath } = settings
  if (certPath === undefined || keyPath === undefined) return undefined
  const pair = await opened(
    `--tls-cert ${certPath}, --tls-key ${keyPath}`,
    follow('the certificate with its key', [certPath, keyPath], checkedPair, logger),
  )
  const clients = await openAuthorities(settings, logger)
  const context = (): TlsOptions => ({ ...pair.current, ...clients?.current.options })
  const examine = clients && createExaminer(() => clients.current)
  const servers = new Set<Server>()

  const reload = async (): Promise<void> => {
    const changed = await Promise.all([pair.refresh(), clients?.refresh()])
    if (!changed.includes(true)) return
    for (const server of servers) server.setSecureContext(context())
  }

  return {
    options: {
      ...context(),
      // Who shows none or a wrong one is told so by a response, which people can read.
      requestCert: clients !== undefined,
      rejectUnauthorized: settings['tls-client-only'],
    },
    authorities: clients && { refusal: (id) => clients.current.refusal(id) },
    shown: (socket) => examine?.(socket),
    follow(server) {
      servers.add(server)
      const timer = setInterval(() => void reload(), interval)
      timer.unref()
      return () => {
        clearInterval(timer)
        servers.delete(server)
      }
    },
    reload,
  }
}
