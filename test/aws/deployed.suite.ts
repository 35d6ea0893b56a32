/**
 * All tests that can share one deployment of the stack, since each deployment takes half a minute. The
 * test that reads all logs runs first; those that change and destroy the stack run last.
 *
 * @module
 */

import { describe } from 'vitest'
import { clientTests } from './clients.ts'
import { conformanceTests } from './conformance.ts'
import { stackTests } from './stack.ts'
import { useDeployment } from './support/deployment.ts'
import { updateTests } from './updates.ts'

describe('the deployed stack', () => {
  const deployed = useDeployment()
  describe('requests and logs', () => stackTests(deployed))
  describe('clients', () => clientTests(deployed))
  describe('conformance', () => conformanceTests(deployed))
  describe('changes', () => updateTests(deployed))
})
