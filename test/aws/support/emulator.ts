/**
 * An emulated AWS: MiniStack as installed by `.ci/install`, with TLS, signatures and IAM enforced; or a
 * running emulator named by AWS_ENDPOINT_URL (MiniStack or LocalStack), however it is configured.
 *
 * @module
 */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  freePort,
  projectRoot,
  responds,
  run,
  scratch,
  startDaemon,
  toolCache,
} from '../../support/live/process.ts'
import { trust } from './trust.ts'

export interface Emulator {
  /** The URL for all AWS services. */
  readonly endpoint: string
  readonly region: string
  /** What AWS's tools and SDKs need to use it, including credentials, by default those of root. */
  readonly env: Readonly<Record<string, string>>
  /** Whether it outlives this process, so that everything in it must be removed. */
  readonly shared: boolean
  close(): Promise<void>
}

/** This project's programs come first: `cdk` and the emulator find Node 24 there. */
const PATH = `${join(projectRoot, 'node_modules/.bin')}:${process.env.PATH}`

const program = join(toolCache, 'ministack/bin/hypercorn')

/** Issues a certificate for loopback, with an authority for it. */
const issueCertificate = async (directory: string) => {
  const file = (name: string): string => join(directory, name)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const openssl = (...args: string[]) => run('openssl', args)
  await openssl(
    ...['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=emulated AWS'],
    ...['-keyout', file('ca.key'), '-out', file('ca.pem')],
  )
  await openssl(
    ...['req', ...newKey, '-subj', '/CN=127.0.0.1'],
    ...['-keyout', file('key.pem'), '-out', file('request.pem')],
  )
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
  await openssl(
    ...[
      'x509',
      '-req',
      '-in',
      file('request.pem'),
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
    ],
    ...['-days', '2', '-extfile', file('names'), '-out', file('cert.pem')],
  )
  return { ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') }
}

/**
 * Starts MiniStack on a free loopback port, with its own directory.
 *
 * @param path where it finds the `node` that it runs functions with; default: Node 24
 * @param name of its host; default: another than that of the registry, which redirects there
 * @param app the module and the name of its application in Python; those beside this file are found, too
 */
export const startMiniStack = async (
  path = PATH,
  name = 'localhost',
  app = 'ministack.app:app',
): Promise<Emulator> => {
  if (!existsSync(program)) {
    throw new Error(`${program} is missing: run .ci/install, or set AWS_ENDPOINT_URL`)
  }
  const files = scratch('aws')
  try {
    const { ca, cert, key } = await issueCertificate(files.path)
    trust(ca)
    const region = 'eu-central-1'
    const port = await freePort()
    const endpoint = `https://${name}:${port}`
    const env = {
      PATH: path,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'a-secret-of-no-worth',
      // The first is for the CDK, the second for Node itself.
      AWS_CA_BUNDLE: ca,
      NODE_EXTRA_CA_CERTS: ca,
    }
    const temporary = join(files.path, 'tmp')
    mkdirSync(temporary)
    const daemon = await startDaemon({
      name: 'ministack',
      command: program,
      // The command `ministack` would also listen on port 443.
      args: [
        ...[app, '--bind', `127.0.0.1:${port}`, '--workers', '0'],
        ...['--certfile', cert, '--keyfile', key, '--keep-alive', '75'],
      ],
      env: {
        ...env,
        PYTHONPATH: import.meta.dirname,
        AUTH: 'true',
        USE_SSL: '1',
        MINISTACK_SSL_CERT: cert,
        MINISTACK_SSL_KEY: key,
        MINISTACK_REGION: region,
        GATEWAY_PORT: String(port),
        STATE_DIR: join(files.path, 'state'),
        TMPDIR: temporary,
        IOT_MTLS_ENABLED: '0',
      },
      cwd: files.path,
      ready: () => responds(`${endpoint}/_ministack/health`),
    })
    const close = async () => {
      await daemon.stop()
      files.remove()
    }
    return { endpoint, region, env, shared: false, close }
  } catch (error) {
    files.remove()
    throw error
  }
}

/** MiniStack in which everything in buckets can be made older: see {@link age}. */
export const startAgingMiniStack = (): Promise<Emulator> =>
  startMiniStack(undefined, undefined, 'aging:app')

/** Makes everything in the buckets of such a MiniStack older, as if so much time had passed. */
export const age = async ({ endpoint }: Emulator, seconds: number): Promise<void> => {
  const { status } = await fetch(`${endpoint}/_age/${seconds}`, { method: 'POST' })
  if (status !== 204) throw new Error(`/_age answered ${status}`)
}

/** The emulator at an address; by a name other than the registry's if it is on this machine. */
export const runningEmulator = (address: string): Emulator => {
  const endpoint = address.replace('//127.0.0.1', '//localhost')
  const set = (name: string, value: string): Record<string, string> => ({
    [name]: process.env[name] || value,
  })
  const region = process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || 'us-east-1'
  return {
    endpoint,
    region,
    env: {
      PATH,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      ...set('AWS_ACCESS_KEY_ID', 'test'),
      ...set('AWS_SECRET_ACCESS_KEY', 'test'),
    },
    shared: true,
    close: async () => undefined,
  }
}

/** The emulator named by the environment, or a new MiniStack. */
export const startEmulator = async (): Promise<Emulator> => {
  const endpoint = process.env.AWS_ENDPOINT_URL
  return endpoint ? runningEmulator(endpoint.replace(/\/$/, '')) : startMiniStack()
}
