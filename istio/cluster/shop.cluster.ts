// The shop in a real cluster. The parts run in this order: each leaves the cluster as the next one wants to find it.
import { tearDownAtTheEnd } from "./stage.ts";

tearDownAtTheEnd();

await import("./parts/deploy.ts");
await import("./parts/table.ts");
await import("./parts/browser.ts");
await import("./parts/edge.ts");
await import("./parts/canary.ts");
await import("./parts/upgrade.ts");
await import("./parts/mesh-alone.ts");
await import("./parts/mutation.ts");
await import("./parts/traffic.ts");
await import("./parts/without-policies.ts");
