/**
 * The contract of the object store on versitygw.
 *
 * @module
 */

import { realStoreContract } from './stores.ts'

realStoreContract('versitygw')
