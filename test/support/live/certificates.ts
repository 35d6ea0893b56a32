/**
 * Certificates for tests, made by openssl: of authorities, servers and clients, and lists of revoked ones.
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A certificate and its key, PEM. */
export interface Issued {
  readonly cert: string
  readonly key: string
}

/** An authority of a test's own. */
export interface Authority {
  /** Its certificate, PEM. */
  readonly cert: string
  /**
   * @param subject in the form of openssl: `/CN=ci/O=Example`
   * @param days 0: it ended long ago
   */
  issue(subject: string, days?: number): Promise<Issued>
  /** A list of these revoked certificates, PEM. @param hours until it is too old */
  revoke(revoked: readonly Issued[], hours?: number): Promise<string>
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Creates a certificate for 127.0.0.1 that nobody has signed. */
export const selfSigned = async (directory: string, name: string): Promise<Issued> => {
  const [key, cert] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)]
  await run('openssl', [
    ...['req', '-x509', ...NEW_KEY, '-keyout', key, '-out', cert, '-days', '2'],
    ...['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
  ])
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
}

const CONFIG = `
[ca]
default_ca = own
[own]
dir = .
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = optional
organizationName = optional
organizationalUnitName = optional
[client]
basicConstraints = CA:false
extendedKeyUsage = clientAuth
`

/** Creates an authority. */
export const createAuthority = async (parent: string, name: string): Promise<Authority> => {
  const cwd = join(parent, name)
  await mkdir(cwd)
  const openssl = (...args: string[]) => run('openssl', args, { cwd })
  await writeFile(join(cwd, 'openssl.cnf'), CONFIG)
  await writeFile(join(cwd, 'index.txt'), '')
  await writeFile(join(cwd, 'serial'), '1000\n')
  await writeFile(join(cwd, 'crlnumber'), '01\n')
  await openssl(
    ...['req', '-x509', ...NEW_KEY, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2'],
    ...['-subj', `/CN=${name}`],
  )
  const text = (file: string) => readFile(join(cwd, file), 'utf8')
  let count = 0
  return {
    cert: await text('ca.crt'),
    async issue(subject, days = 2) {
      count += 1
      const file = `client-${count}`
      await openssl(
        'req',
        '-new',
        ...NEW_KEY,
        '-keyout',
        `${file}.key`,
        '-out',
        `${file}.csr`,
        '-subj',
        subject,
      )
      const times =
        days > 0
          ? ['-days', String(days)]
          : ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z']
      await openssl(
        ...['ca', '-batch', '-config', 'openssl.cnf', '-extensions', 'client', '-notext', ...times],
        ...['-in', `${file}.csr`, '-out', `${file}.crt`],
      )
      return { cert: await text(`${file}.crt`), key: await text(`${file}.key`) }
    },
    async revoke(revoked, hours = 24) {
      for (const [index, { cert }] of revoked.entries()) {
        await writeFile(join(cwd, `revoked-${index}.crt`), cert)
        await openssl('ca', '-config', 'openssl.cnf', '-revoke', `revoked-${index}.crt`)
      }
      const until =
        hours > 0
          ? ['-crlhours', String(hours)]
          : ['-crl_lastupdate', '20200101000000Z', '-crl_nextupdate', '20200102000000Z']
      await openssl('ca', '-config', 'openssl.cnf', '-gencrl', ...until, '-out', 'list.pem')
      return text('list.pem')
    },
  }
}
