import { it } from "vitest";
import { killAtEveryMoment } from "./testing/crash.ts";
import { PAID } from "./testing/crash-scenarios.ts";

it("ends paid, once, wherever the process is killed", { timeout: 280_000 }, () => killAtEveryMoment(PAID));
