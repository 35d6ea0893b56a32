/**
 * The object store's contract on versitygw.
 *
 * @module
 */

import { realStoreContract } from './stores.ts'

realStoreContract('versitygw')
