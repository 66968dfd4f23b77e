# One image for all services and the web app: `node services/<name>/main.ts` says which one a container is.
# The same sources on the same base give the same image, byte for byte: `docker build --build-arg SOURCE_DATE_EPOCH=0 …` (buildah:
# `--timestamp 0`). A tag can be moved; who wants the base fixed names it by its digest: `--build-arg NODE_IMAGE=…@sha256:…`.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim

# The web app is built with everything that npm brings, and leaves nothing behind but its files and the list of what is in the image.
FROM ${NODE_IMAGE} AS web
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
COPY tsconfig.json ./
COPY gen gen
COPY web web
RUN node node_modules/vite/bin/vite.js build web --logLevel error
COPY scripts/sbom.ts scripts/
RUN npm sbom --sbom-format=cyclonedx --no-update-notifier > /tmp/npm.json && node scripts/sbom.ts < /tmp/npm.json > sbom.cdx.json

# What the services import, and nothing that only builds or tests. No package needs an install script for that.
FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
COPY services/demo services/demo
RUN node services/demo/prune.ts

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="Shopmesh" \
  org.opencontainers.image.description="An online shop built as a gRPC service mesh: every service and the web app" \
  org.opencontainers.image.licenses="Apache-2.0"
# Nothing is written but to a volume, and where the engines keep all, nothing at all: the root may be read-only. Volumes that are
# new take the owner of these folders. Pictures on disk and the secret of processes on one machine go below /data.
RUN install -d -o 1000 -g 1000 /data /certificates
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=packages /app/node_modules node_modules
COPY gen gen
COPY services services
COPY --from=web /app/web/dist web/dist
COPY --from=web /app/sbom.cdx.json sbom.cdx.json
# A number, so that Kubernetes can tell that it is not root.
USER 1000:1000
# Whether the process turns, and not whether its stores are there: whoever ends what is unhealthy would mend nothing by that.
# What fails in the first ten minutes does not count: migrations may take their time.
HEALTHCHECK --interval=30s --timeout=4s --start-period=10m --retries=3 CMD ["node", "services/kit/healthcheck.ts"]
ENTRYPOINT ["node"]
CMD ["services/api/main.ts"]
