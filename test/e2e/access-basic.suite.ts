/**
 * Clients with accounts, by Basic credentials.
 *
 * @module
 */

import { accessTests } from './access.ts'

accessTests('basic')
