/**
 * Clients with accounts, authenticated by Basic credentials.
 *
 * @module
 */

import { accessTests } from './access.ts'

accessTests('basic')
