/**
 * The contract, with every request through the SDK.
 */

import { s3Contract } from './s3-contract.ts'

s3Contract('s3 without direct requests', { direct: false })
