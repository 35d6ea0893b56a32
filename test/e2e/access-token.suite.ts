/**
 * Clients with accounts, by tokens.
 *
 * @module
 */

import { accessTests } from './access.ts'

accessTests('token')
