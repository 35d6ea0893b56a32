/**
 * Requests, signed by curl, to AWS services for which this project has no SDK client.
 *
 * @module
 */

import { run } from '../../support/live/process.ts'
import type { Emulator } from './emulator.ts'

const signed = async (
  { endpoint, region, env }: Emulator,
  service: string,
  path: string,
  ...args: string[]
): Promise<string> => {
  const id = `${env.AWS_ACCESS_KEY_ID}:${env.AWS_SECRET_ACCESS_KEY}`
  const ca = env.AWS_CA_BUNDLE === undefined ? [] : ['--cacert', env.AWS_CA_BUNDLE]
  return run('curl', [
    ...['--silent', '--show-error', '--fail-with-body', '--noproxy', '*', ...ca],
    ...['--aws-sigv4', `aws:amz:${region}:${service}`, '--user', id, ...args, endpoint + path],
  ])
}

/** A GET from a service with a REST API. */
export const awsGet = async (emulator: Emulator, service: string, path: string): Promise<unknown> =>
  JSON.parse(await signed(emulator, service, path))

/** A DELETE to a service with a REST API. */
export const awsDelete = async (emulator: Emulator, service: string, path: string) =>
  void (await signed(emulator, service, path, '--request', 'DELETE'))

/** A request with JSON to a service with a REST API. */
const send =
  (method: string) =>
  async (emulator: Emulator, service: string, path: string, body: object): Promise<unknown> =>
    JSON.parse(
      await signed(
        ...([emulator, service, path, '--request', method, '--data-binary'] as const),
        ...[JSON.stringify(body), '--header', 'Content-Type: application/json'],
      ),
    )

/** A POST to a service with a REST API. */
export const awsPost = send('POST')

/** A PUT to a service with a REST API. */
export const awsPut = send('PUT')

/** Calls an action of a service with JSON requests; CloudWatch Logs is `Logs_20140328`. */
export const awsJson = async (
  emulator: Emulator,
  service: string,
  target: string,
  body: object,
): Promise<unknown> =>
  JSON.parse(
    await signed(
      ...([emulator, service, '/', '--data-binary', JSON.stringify(body)] as const),
      ...['--header', `X-Amz-Target: ${target}`],
      ...['--header', 'Content-Type: application/x-amz-json-1.1'],
    ),
  )

/** Calls an action of a service with form requests, such as IAM. @returns the XML of its response */
export const awsQuery = (
  emulator: Emulator,
  service: string,
  version: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> =>
  signed(
    ...([emulator, service, '/', '--data-binary'] as const),
    new URLSearchParams({ Version: version, ...parameters }).toString(),
  )
