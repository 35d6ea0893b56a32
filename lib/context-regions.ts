/**
 * The context values of further Regions.
 *
 * @module
 */

import * as z from '../functions/shared/schema.ts'
import { arn, arns, bucketName, regions, text } from './context-kinds.ts'
import { contextValue } from './context-value.ts'

const MULTI_REGION = /:key\/mrk-[0-9a-f]+$/
const multiRegion = 'expected multi-Region keys, arn:…:key/mrk-…'

export const REGIONS = {
  replicaBucket: contextValue(
    z.optional(bucketName),
    'none',
    'bucket in another Region that S3 copies a new bucket to: the output BucketName of the stack there',
  ),
  primaryBucket: contextValue(
    z.optional(bucketName),
    'none',
    'bucket of the stack in the first Region: this one is a second way to that registry, and its bucket the copy',
  ),
  primaryRegion: contextValue(
    z.optional(text.check(z.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'expected a Region, as us-east-1'))),
    'none',
    'the first Region',
  ),
  primarySigningKeys: contextValue(
    z.optional(
      arns('kms', 'key/').check(
        z.refine((all) => all.every((each) => MULTI_REGION.test(each)), multiRegion),
      ),
    ),
    'keys of its own',
    'ARNs of the multi-Region keys there that tokens are verified with, in their order: replicas are made of them',
  ),
  primaryUploadKey: contextValue(
    z.optional(arn('kms', 'key/').check(z.refine((each) => MULTI_REGION.test(each), multiRegion))),
    'a key of its own',
    'ARN of the multi-Region key there that seals uploads',
  ),
  webRegions: contextValue(
    z.optional(regions),
    'that of the stack alone',
    'further Regions that AWS runs the Web Function in, under one name that leads to the nearest',
  ),
} as const
