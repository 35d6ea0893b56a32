/**
 * The contract of the object store on SeaweedFS.
 *
 * @module
 */

import { realStoreContract } from './stores.ts'

realStoreContract('seaweedfs')
