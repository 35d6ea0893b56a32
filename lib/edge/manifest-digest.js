/**
 * CloudFront Function (runtime 2.0) for responses of the bucket: names the digest, which S3 cannot and
 * clients take from HEADs of manifests. The key contains it. CloudFront does not call this at statuses
 * from 400 on.
 */
// biome-ignore lint/correctness/noUnusedVariables: CloudFront calls it by this name.
function handler(event) {
  const { request, response } = event
  const [, hex] = /\/blobs\/sha256\/[0-9a-f]{2}\/([0-9a-f]{64})\/data$/.exec(request.uri) || []
  if (hex) response.headers['docker-content-digest'] = { value: `sha256:${hex}` }
  return response
}
