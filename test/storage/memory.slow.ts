/**
 * What large objects take of memory, of the contract of both stores.
 *
 * @module
 */

import { openBucket, openFiles } from '../support/rig/stores.ts'
import { storeContract } from './contract.ts'

storeContract('file', openFiles, { presigns: false, memory: 'only' })
storeContract('s3', openBucket, { presigns: true, memory: 'only' })
