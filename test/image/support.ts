/**
 * What the suites of the image and of what runs it share.
 *
 * @module
 */

import { basic } from '../access/rig.ts'
import type { Docker } from '../e2e/support/daemons.ts'

/** The image that the suites build on: Debian's minbase. */
export const BASE = 'slipway.test/base:v1'

/** Password of the account that the suites add, alice. */
export const PASSWORD = 'a password of some length'

/** Her credentials, as a header. */
export const ALICE = basic('alice', PASSWORD)

/** What Docker says of an image or a container, as far as the suites look at it. */
export interface Inspected {
  readonly Id: string
  /** Bytes of an image. */
  readonly Size: number
  readonly Config: Readonly<Record<string, unknown>> & {
    readonly Healthcheck: { readonly Test: readonly string[] }
  }
  readonly State: {
    readonly ExitCode: number
    readonly OOMKilled: boolean
    readonly Health: { readonly Status: string }
  }
}

/** Inspects an image or a container by its name. */
export const inspect = async (
  docker: Docker,
  kind: 'image' | 'container',
  name: string,
): Promise<Inspected> => JSON.parse(await docker(kind, 'inspect', name))[0]

/** The status of a GET without credentials. */
export const statusOf = async (url: string): Promise<number> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
  await response.body?.cancel()
  return response.status
}
