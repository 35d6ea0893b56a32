/**
 * What a service says about a request that it refuses.
 *
 * @module
 */

import type { Readable } from 'node:stream'
import { textOf } from './text.ts'

/** The most bytes of such a response. */
const MAX_ERROR = 4096

/** The text of such a response, read to its end; undefined if it is too long. */
export const errorText = (body: Readable): Promise<string | undefined> => textOf(body, MAX_ERROR)

/** The message in a body, which is read to its end; empty where there is none. */
export const messageIn = async (body: Readable): Promise<string> =>
  /<Message>([^<]*)<\/Message>/.exec((await errorText(body)) ?? '')?.[1] ?? ''
