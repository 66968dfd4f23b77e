// Within the containers; where people find them on the machine, `.env` says.

/** Where the edge answers browsers. */
export const EDGE_PORT = 8080;
/** Where Envoy tells about itself, within its container alone. */
export const EDGE_ADMIN_PORT = 9901;
export const PROMETHEUS_PORT = 9090;
export const GRAFANA_PORT = 3000;
