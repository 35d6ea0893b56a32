/**
 * The password of a log-in with AWS credentials: a request to STS, signed and not sent.
 *
 * @module
 */

import { defaultProvider } from '@aws-sdk/credential-provider-node'
import { Sha256 } from '@smithy/core/checksum'
import {
  loadConfig,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  NODE_REGION_CONFIG_OPTIONS,
} from '@smithy/core/config'
import { HttpRequest } from '@smithy/core/protocols'
import { SignatureV4 } from '@smithy/signature-v4'
import {
  AWS_USER,
  escapeRfc3986,
  LONGEST_LIFE,
  QUESTION,
  REGISTRY_HEADER,
  type SignedRequest,
  stsHost,
} from '../shared/aws-log-in.ts'
import { CredentialError } from './errors.ts'

/** Bytes of all headers and the request line that API Gateway takes ("Quotas for HTTP APIs"). */
const GATEWAY_LIMIT = 10_240
/** Bytes of these that clients need for everything else: the longest scopes, User-Agent, what proxies add. */
const OTHERS = 1_400

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface AwsPasswordOptions {
  /** `host` or `host:port`, as clients call the registry. */
  readonly registry: string
  /** Default: of the environment or the profile. */
  readonly region: string | undefined
  /** Milliseconds since 1970. */
  readonly now: number
  /** Default: whichever the SDK finds. */
  readonly credentials?: () => Promise<Credentials>
}

/** What went wrong, in one line. */
const reason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''

const findRegion = async (): Promise<string> => {
  const region = loadConfig(
    { ...NODE_REGION_CONFIG_OPTIONS, default: '' },
    NODE_REGION_CONFIG_FILE_OPTIONS,
  )
  const found = await region()
  if (found !== '') return found
  throw new CredentialError('no AWS Region is set: give one, or set AWS_REGION')
}

/** In a query these need no encoding, and the password is shorter without. */
const inQuery = (text: string): string =>
  escapeRfc3986(text).replaceAll('%2F', '/').replaceAll('%3D', '=').replaceAll('%3B', ';')

const presign = async (
  { registry, now }: AwsPasswordOptions,
  region: string,
  credentials: () => Promise<Credentials>,
): Promise<SignedRequest> => {
  const host = stsHost(region)
  const headers = { host, [REGISTRY_HEADER]: registry }
  const request = new HttpRequest({
    ...{ method: 'GET', hostname: host, path: '/', query: { ...QUESTION }, headers },
  })
  const signer = new SignatureV4({ service: 'sts', region, credentials, sha256: Sha256 })
  const signingDate = new Date(now)
  const { query } = await signer.presign(request, { expiresIn: LONGEST_LIFE, signingDate })
  const parts = Object.entries(query ?? {}).map(([name, value]) => `${name}=${inQuery(`${value}`)}`)
  return {
    method: 'GET',
    url: `https://${host}/?${parts.join('&')}`,
    headers: { [REGISTRY_HEADER]: registry },
  }
}

/**
 * Makes a password for the user `AWS` of a registry, good for 15 minutes. Nothing is sent to AWS, unless it takes
 * a request to get credentials.
 *
 * @throws CredentialError when there are no credentials, no Region, or when it is too long for a gateway
 */
export const awsPassword = async (options: AwsPasswordOptions): Promise<string> => {
  const { region = await findRegion(), credentials = defaultProvider() } = options
  const found = await credentials().catch((cause: unknown) => {
    throw new CredentialError(`there are no AWS credentials: ${reason(cause)}`, { cause })
  })
  const signed = await presign(options, region, async () => found)
  const password = Buffer.from(JSON.stringify(signed)).toString('base64')
  const header = Buffer.from(`${AWS_USER}:${password}`).toString('base64').length
  if (header > GATEWAY_LIMIT - OTHERS) {
    throw new CredentialError(
      `the session token of these AWS credentials has ${found.sessionToken?.length} bytes: with it a log-in takes a header of ${header} bytes, and of the ${GATEWAY_LIMIT} that a gateway takes at most ${GATEWAY_LIMIT - OTHERS} are left. Use a role whose sessions have fewer tags and policies`,
    )
  }
  return password
}
