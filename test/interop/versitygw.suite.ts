/**
 * The object store's contract on versitygw, and parts that clients send there themselves.
 *
 * @module
 */

import { describe } from 'vitest'
import { presignedPartTests } from '../registry/presigned-parts.ts'
import { openOn, realStoreContract } from './stores.ts'

realStoreContract('versitygw')

describe('parts that clients send', () => presignedPartTests(() => openOn('versitygw')))
