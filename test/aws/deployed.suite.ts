/**
 * Everything that one deployment of the stack is enough for, since each takes half a minute: first what
 * looks at all that it logged, last what changes and destroys it.
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
