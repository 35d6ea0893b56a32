/**
 * The object store's contract on SeaweedFS.
 *
 * @module
 */

import { realStoreContract } from './stores.ts'

realStoreContract('seaweedfs')
