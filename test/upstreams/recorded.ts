/**
 * What public registries say of themselves, as others have recorded it. None of them was reached from here.
 *
 * @module
 */

/** A challenge of `/v2/`, or of a repository. */
export interface RecordedChallenge {
  readonly registry: string
  readonly challenge: string
  /** Where it was read. */
  readonly source: string
  /** What a token is asked for at; absent: a password is shown. */
  readonly token?: string
}

const SCOPE = 'scope=repository%3Ateam%2Fapp%3Apull'

export const CHALLENGES: readonly RecordedChallenge[] = [
  {
    registry: 'https://registry-1.docker.io',
    challenge: 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
    source: 'https://github.com/containerd/containerd/issues/3291',
    token: `https://auth.docker.io/token?service=registry.docker.io&${SCOPE}`,
  },
  {
    registry: 'https://ghcr.io',
    challenge:
      'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"',
    source:
      'https://github.com/renovatebot/renovate/blob/main/lib/modules/datasource/docker/common.ts',
    token: `https://ghcr.io/token?service=ghcr.io&${SCOPE}`,
  },
  {
    registry: 'https://quay.io',
    challenge: 'Bearer realm="https://quay.io/v2/auth",service="quay.io"',
    source: 'https://github.com/quay/claircore/pull/879',
    token: `https://quay.io/v2/auth?service=quay.io&${SCOPE}`,
  },
  {
    // Of 2016: a parameter without quotes.
    registry: 'https://quay.io',
    challenge: 'Bearer realm="https://quay.io/v2/auth",service="quay.io",scope=repository:a/b:pull',
    source: 'https://github.com/fluxcd/flux/pull/123',
    token: `https://quay.io/v2/auth?service=quay.io&${SCOPE}`,
  },
  {
    registry: 'https://gcr.io',
    challenge: 'Bearer realm="https://gcr.io/v2/token",service=gcr.io',
    source: 'https://github.com/cloudflare/serverless-registry/pull/122',
    token: `https://gcr.io/v2/token?service=gcr.io&${SCOPE}`,
  },
  {
    // Artifact Registry, where registry.k8s.io sends its clients, too.
    registry: 'https://us-docker.pkg.dev',
    challenge: 'Bearer realm="https://us-docker.pkg.dev/v2/token"',
    source: 'https://github.com/apple/container/issues/2274',
    token: `https://us-docker.pkg.dev/v2/token?${SCOPE}`,
  },
  {
    registry: 'https://public.ecr.aws',
    challenge: 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
    source: 'https://github.com/aws/containers-roadmap/issues/2835',
    token: `https://public.ecr.aws/token/?service=public.ecr.aws&${SCOPE}`,
  },
  {
    registry: 'https://1234.dkr.ecr.eu-west-2.amazonaws.com',
    challenge:
      'Basic realm="https://1234.dkr.ecr.eu-west-2.amazonaws.com/",service="ecr.amazonaws.com"',
    source: 'https://github.com/NVIDIA/enroot/issues/59',
  },
  {
    registry: 'https://registry.gitlab.com',
    challenge: 'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry"',
    source: 'https://github.com/deitch/docker_registry2/issues/14',
    token: `https://gitlab.com/jwt/auth?service=container_registry&${SCOPE}`,
  },
  {
    registry: 'https://registry.git.human.de',
    challenge:
      'Bearer realm="https://git.human.de/jwt/auth",service="container_registry",scope="repository:docker/dotnet/aspnet:pull"',
    source: 'https://github.com/dotnet/sdk-container-builds/issues/284',
    token: `https://git.human.de/jwt/auth?service=container_registry&${SCOPE}`,
  },
]

/** Headers of Docker Hub with a manifest: https://docs.docker.com/docker-hub/usage/pulls/ */
export const HUB_LIMITS = {
  'ratelimit-limit': '100;w=21600',
  'ratelimit-remaining': '76;w=21600',
  'docker-ratelimit-source': '192.0.2.1',
}

/** Where registry.k8s.io sends who wants a manifest: https://github.com/kubernetes/registry.k8s.io/issues/116 */
export const K8S_LOCATION =
  'https://asia-east1-docker.pkg.dev/v2/k8s-artifacts-prod/images/ingress-nginx/kube-webhook-certgen/manifests/sha256:7bbcbd4232c692a36f8796e9602c14f2ec3b6c638d2974ea81b736ee2bd6e279'
