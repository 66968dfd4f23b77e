/**
 * What can be set in `.env`: the value without it, and what it is for. Passwords are those of KNOWN_PASSWORDS, with which services start
 * in dev alone.
 */
const VARIABLES = {
  EDGE_PORT: ["8080", "where the shop is: http://localhost:8080"],
  PROMETHEUS_PORT: ["9090", "where Prometheus is, on this machine alone, in the profile full"],
  GRAFANA_PORT: ["3030", "where Grafana is, on this machine alone, in the profile full; sign in as admin"],
  PUBLISH_ADDRESS: [
    "127.0.0.1",
    "who can reach the shop: 0.0.0.0 is everybody, so set all passwords and another ENVIRONMENT than dev before",
  ],
  SHOPMESH_IMAGE: ["shopmesh:dev", "the image of all services; this one is built from the checkout"],
  ENVIRONMENT: [
    "dev",
    "dev, qat, uat or prod: in all but dev, services refuse the passwords below (what else differs is in the README's settings)",
  ],
  DEMO_CATALOGUE: [
    "",
    "true or false: whether the shelves are filled with 80 products; where it is empty, in dev alone",
  ],
  LOG_LEVEL: ["info", "trace to silent"],
  ADMIN_EMAIL: ["admin@shopmesh.example", "the first administrator, looked at only while there is none"],
  ADMIN_PASSWORD: ["shopmesh-dev", "8 characters or more"],
  POSTGRES_PASSWORD: [
    "shopmesh",
    "passwords stand in URLs: letters, digits, - and _ alone; PostgreSQL looks at it only on its first start",
  ],
  REDIS_PASSWORD: ["shopmesh", "letters, digits, - and _ alone"],
  S3_ACCESS_KEY: ["shopmesh", "letters, digits, - and _ alone"],
  S3_SECRET_KEY: ["shopmesh-dev", "letters, digits, - and _ alone; 8 characters or more"],
  GRAFANA_PASSWORD: ["shopmesh-dev", "of Grafana's admin, looked at only on its first start"],
} as const;

/** A variable in the file that Compose reads: "${EDGE_PORT:-8080}". */
export function variable(name: keyof typeof VARIABLES): string {
  return `\${${name}:-${VARIABLES[name][0]}}`;
}

/** An example of `.env`, in which nothing is set. */
export function exampleOfVariables(): string {
  const lines = Object.entries(VARIABLES).map(([name, [value, words]]) => `# ${words}\n#${name}=${value}`);
  return `${lines.join("\n")}\n`;
}
