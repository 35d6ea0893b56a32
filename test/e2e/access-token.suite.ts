/**
 * Clients with accounts, authenticated by tokens.
 *
 * @module
 */

import { accessTests } from './access.ts'

accessTests('token')
