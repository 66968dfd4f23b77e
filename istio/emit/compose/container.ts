/** How one container waits for another. */
type Condition = "service_healthy" | "service_completed_successfully";

/** A service as Compose's specification has it, as far as it is used here. */
export interface Container {
  readonly profiles: readonly Profile[];
  readonly image: string;
  readonly build?: { readonly context: string };
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly network_mode?: "none";
  readonly networks?: Readonly<Record<string, { readonly aliases?: readonly string[] }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly Mount[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly tmpfs?: readonly string[];
  readonly healthcheck?: Healthcheck;
  readonly depends_on?: Readonly<Record<string, { readonly condition: Condition; readonly required?: boolean }>>;
  readonly mem_limit: string;
  /** How long it may take to end; then it is killed. */
  readonly stop_grace_period?: string;
  readonly restart?: "no" | "unless-stopped";
  readonly read_only?: boolean;
}

/** Part of a volume, seen at a path. */
interface Mount {
  readonly type: "volume";
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
  readonly volume?: { readonly subpath?: string; readonly nocopy?: boolean };
}

/** Whether it can do its work, and how often that is asked. */
interface Healthcheck {
  readonly test?: readonly string[];
  readonly disable?: boolean;
  readonly interval?: string;
  readonly timeout?: string;
  readonly retries?: number;
  readonly start_period?: string;
  readonly start_interval?: string;
}

/** What a shop runs on: PostgreSQL alone, or each thing on the engine that is made for it. */
export type Profile = "lean" | "full";
export const PROFILES: readonly Profile[] = ["lean", "full"];

/** Where the workloads call each other; nothing leads out of it. */
export const MESH_NETWORK = "mesh";

/**
 * What a container may not do, whatever it runs: become somebody else, use a capability, write to its image, fill the machine. It
 * is started again when it ends.
 */
export const CONFINED = {
  restart: "unless-stopped",
  read_only: true,
  cap_drop: ["ALL"],
  security_opt: ["no-new-privileges:true"],
  pids_limit: 512,
  logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
} as const;

/** A container with all that holds for each of them; it is started again when it ends, unless it says otherwise. */
export function confined(container: Container): Container {
  return { ...CONFINED, ...container };
}

/** Asked every second until it is well for the first time, and seldom from then on. */
export function healthcheck(test: readonly string[], startPeriod = "2m"): Healthcheck {
  return { test, interval: "30s", timeout: "4s", retries: 3, start_period: startPeriod, start_interval: "1s" };
}

/** Mounts a whole volume. */
export const volumeAt = (source: string, target: string): Mount => ({ type: "volume", source, target });

/** What a container waits for; what its profile does not have, nobody waits for. */
export function after(
  condition: Condition,
  names: readonly string[],
): Record<string, { condition: Condition; required: boolean }> {
  return Object.fromEntries(names.map((it) => [it, { condition, required: false }]));
}
