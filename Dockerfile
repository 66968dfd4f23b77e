# One image for all services and the web app: `node services/<name>/main.ts` says which one a container is.
# The same sources give the same image, byte for byte: `docker build --build-arg SOURCE_DATE_EPOCH=0 …` (buildah: `--timestamp 0`).
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

# The web app is built with everything that npm brings, and leaves nothing behind but its files.
FROM ${NODE_IMAGE} AS web
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
COPY tsconfig.json ./
COPY gen gen
COPY web web
RUN node node_modules/vite/bin/vite.js build web --logLevel error

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
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=packages /app/node_modules node_modules
COPY gen gen
COPY services services
COPY --from=web /app/web/dist web/dist
# A number, so that Kubernetes can tell that it is not root.
USER 1000:1000
ENTRYPOINT ["node"]
CMD ["services/api/main.ts"]
