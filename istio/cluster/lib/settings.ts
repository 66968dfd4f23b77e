/** What whoever runs the test may say of the cluster, as environment variables; all optional. */
export const SETTINGS = {
  /** The shop's image, where the cluster finds it. */
  image: process.env.SHOPMESH_IMAGE || "localhost/shopmesh:dev",
  /** The image of dev's PostgreSQL; unset: the one its manifest names. */
  postgresImage: process.env.SHOPMESH_POSTGRES_IMAGE || undefined,
  /** "host:port" where the ingress is reached; unset: found by itself, or by a port forwarded. */
  edge: process.env.SHOPMESH_EDGE || undefined,
  /**
   * An address of this machine that pods reach, where the test puts MongoDB, Redis, S3, Kafka and PostgreSQL; unset: what wants
   * them is left out.
   */
  engines: process.env.SHOPMESH_ENGINES_ADDRESS || undefined,
  /** Leaves the shop in the cluster when the test is over. */
  keep: process.env.SHOPMESH_KEEP === "true",
} as const;

/** The test's own namespace: its runner lives there, beside the shop's and without a sidecar. */
export const TEST_NAMESPACE = "shopmesh-test";
/** On everything that the test puts into the shop's namespace. */
export const TEST_LABEL = { "shopmesh/test": "true" } as const;
