/**
 * The SDK's client of a bucket.
 *
 * @module
 */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { Place } from './place.ts'
import { createRetryStrategy } from './retries.ts'

/** A bucket to send commands to. */
export interface Bucket extends Place {
  readonly client: S3Client
  /** Sends each request once, and never again. */
  readonly single: () => S3Client
}

/** Opens the bucket; sends nothing yet. @param resending is told before a request is sent again */
export const openBucket = (place: Place, resending: () => void = () => {}): Bucket => {
  const { region, endpoint, forcePathStyle, dualstack } = place.options
  const config: S3ClientConfig = {
    region,
    credentials: place.credentials,
    ...(endpoint !== undefined && { endpoint }),
    // Such names are AWS's own; the SDK refuses both.
    ...(endpoint === undefined && dualstack === true && { useDualstackEndpoint: true }),
    ...(forcePathStyle !== undefined && { forcePathStyle }),
    // The signature already covers the hash of each body. Other services refuse further checksums,
    // and with a presigned URL its holder would have to send them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // With it, the SDK opens a new connection for each large body, and waits before sending it.
    expectContinueHeader: false,
    requestHandler: place.handler,
  }
  let single: S3Client | undefined
  return {
    ...place,
    client: new S3Client({ ...config, retryStrategy: createRetryStrategy(resending) }),
    single: () => {
      single ??= new S3Client({ ...config, maxAttempts: 1, retryMode: 'standard' })
      return single
    },
  }
}

/** A parsed URL, as the SDK represents it. */
interface Address {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly path: string
}

const textOf = ({ protocol, hostname, port, path }: Address): string =>
  `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`

/** Where the SDK sends requests for the bucket, by its own rules; the path ends with a slash. */
export const originOf = async ({ client: { config }, target }: Bucket): Promise<URL> => {
  const endpoint = await config.endpoint?.()
  const { url } = config.endpointProvider({
    Bucket: target.Bucket,
    Region: await config.region(),
    ForcePathStyle: config.forcePathStyle,
    UseFIPS: await config.useFipsEndpoint(),
    UseDualStack: await config.useDualstackEndpoint(),
    ...(endpoint && { Endpoint: textOf(endpoint) }),
  })
  return new URL(`${url.pathname.replace(/\/$/, '')}/`, url)
}

/** A request that is about to be signed. */
interface Outgoing {
  readonly request: unknown
}

/**
 * Middleware that gives the signer the SHA-256 of the body if it is already known: otherwise the
 * SDK hashes the body.
 *
 * @param sha256 hex
 */
export const signedHash =
  (sha256: string) =>
  <Args extends Outgoing, Output>(next: (args: Args) => Promise<Output>) =>
  (args: Args): Promise<Output> => {
    const { headers } = args.request as { headers: Record<string, string> }
    headers['x-amz-content-sha256'] = sha256
    return next(args)
  }

/** Middleware that tells what the service calls itself: the header Server, or nothing. */
export const serverName =
  (tell: (name: string) => void) =>
  <Args, Output extends { readonly response: unknown }>(next: (args: Args) => Promise<Output>) =>
  async (args: Args): Promise<Output> => {
    const result = await next(args)
    const { headers } = result.response as { readonly headers: Readonly<Record<string, string>> }
    tell(headers.server ?? '')
    return result
  }
