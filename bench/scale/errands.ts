/**
 * What clients do, request by request.
 *
 * @module
 */

import { LAYERS } from '../workloads/lambda-requests.ts'

/** A pull by a client that has none of the image, by tag or by digest; one that has it all; a push of new layers. */
export type Errand = 'pull' | 'pull by digest' | 'check' | 'push'

export interface Step {
  /** Of a recorded request, or `download`. */
  readonly name: string
  /** Which of the image's blobs it is about; 0 is the config. */
  readonly blob: number
}

/** Config and layers. */
export const BLOBS = LAYERS + 1

const forBlobs = (name: string): readonly Step[] =>
  Array.from({ length: BLOBS }, (_, blob) => ({ name, blob }))

const one = (name: string): readonly Step[] => [{ name, blob: 0 }]

const FETCH = [one('GET manifest by digest'), forBlobs('GET blob'), forBlobs('download')]

const STEPS: Readonly<Record<Errand, readonly (readonly Step[])[]>> = {
  pull: [one('HEAD manifest by tag'), ...FETCH],
  'pull by digest': FETCH,
  check: [one('HEAD manifest by tag')],
  push: [
    forBlobs('HEAD blob that is not there'),
    forBlobs('POST upload'),
    forBlobs('PUT upload, 1 MB'),
    one(`PUT manifest of ${LAYERS} layers`),
  ],
}

/** What is done at once, step by step. */
export const stepsOf = (errand: Errand): readonly (readonly Step[])[] => STEPS[errand]

/** Requests to the registry of one errand. */
export const requestsOf = (errand: Errand): number =>
  STEPS[errand].flat().filter(({ name }) => name !== 'download').length
