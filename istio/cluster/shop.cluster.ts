// The shop in a real cluster. The parts run in this order: each leaves the cluster as the next one wants to find it.
import { tearDownAtTheEnd } from "./stage.ts";

tearDownAtTheEnd();

await import("./parts/table.ts");
