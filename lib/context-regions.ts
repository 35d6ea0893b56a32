/**
 * The context values of further Regions.
 *
 * @module
 */

import { arn, arns, bucketName, regions, text } from './context-kinds.ts'
import { contextValue } from './context-value.ts'

const MULTI_REGION = /:key\/mrk-[0-9a-f]+$/
const multiRegion = 'expected multi-Region keys, arn:…:key/mrk-…'

export const REGIONS = {
  replicaBucket: contextValue(
    bucketName.optional(),
    'none',
    'bucket in another Region that S3 copies a new bucket to: the output BucketName of the stack there',
  ),
  primaryBucket: contextValue(
    bucketName.optional(),
    'none',
    'bucket of the stack in the first Region: this one is a second way to that registry, and its bucket the copy',
  ),
  primaryRegion: contextValue(
    text.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'expected a Region, as us-east-1').optional(),
    'none',
    'the first Region',
  ),
  primarySigningKeys: contextValue(
    arns('kms', 'key/')
      .refine((all) => all.every((each) => MULTI_REGION.test(each)), multiRegion)
      .optional(),
    'keys of its own',
    'ARNs of the multi-Region keys there that tokens are verified with, in their order: replicas are made of them',
  ),
  primaryUploadKey: contextValue(
    arn('kms', 'key/')
      .refine((each) => MULTI_REGION.test(each), multiRegion)
      .optional(),
    'a key of its own',
    'ARN of the multi-Region key there that seals uploads',
  ),
  webRegions: contextValue(
    regions.optional(),
    'that of the stack alone',
    'further Regions that AWS runs the Web Function in, under one name that leads to the nearest',
  ),
} as const
