/**
 * Accounts and a policy that documents are changed under.
 *
 * @module
 */

import { type AccessRig, basic, type RigOptions } from './rig.ts'

/** Milliseconds in which a change is seen. */
export const SOON = 20_000
export const ALICE = basic('alice', 'right horse')
export const BOB = basic('bob', 'battery')
export const DOCUMENTS: RigOptions = {
  users: { alice: 'right horse', bob: 'battery' },
  groups: { dev: ['alice'] },
  robots: ['ci'],
  foreign: true,
  images: ['a'],
  policy: [
    { who: ['group:dev', 'robot:ci', 'claim:role=admin'], repositories: ['**'], actions: ['*'] },
  ],
}
export const robot = ({ secrets }: AccessRig): string => basic('robot+ci', secrets.get('ci') ?? '')
export const PULL = 'GET /v2/a/manifests/v1'
