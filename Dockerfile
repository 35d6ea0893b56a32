# The Node server as an image. What it copies is made before:
#
#   npm ci && npm run build && docker build -t slipway .
#
# Another base: --build-arg BASE=…, any with glibc, libstdc++ and, for the build, a shell.
ARG BASE=debian:bookworm-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171
FROM ${BASE}

LABEL org.opencontainers.image.title="Slipway" \
  org.opencontainers.image.description="A container registry on object storage" \
  org.opencontainers.image.licenses="Apache-2.0"

# The directory is owned by the user below: a named volume that is mounted there takes the owner over.
RUN install -d -o 10001 -g 10001 /data && ln -s /opt/slipway/slipway.mjs /usr/local/bin/slipway

# The Node that package.json pins.
COPY node_modules/node/bin/node /usr/local/bin/node
COPY dist/slipway.mjs dist/node-version.mjs dist/command.mjs packaging/image/healthcheck.mjs /opt/slipway/

COPY dist/page/ /opt/slipway/page/

# It starts without an account, and lets nobody in until there is one.
ENV NODE_ENV=production \
  SLIPWAY_AUTH=token \
  SLIPWAY_LISTEN=0.0.0.0:5000 \
  SLIPWAY_STORE=file:/data
EXPOSE 5000
VOLUME /data
USER 10001:10001
WORKDIR /data

HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "/opt/slipway/healthcheck.mjs"]
# Requests under way are finished before it ends.
STOPSIGNAL SIGTERM
# A small young generation keeps memory low, as in `npm start`.
ENTRYPOINT ["node", "--max-semi-space-size=2", "/opt/slipway/slipway.mjs"]
CMD ["serve"]
