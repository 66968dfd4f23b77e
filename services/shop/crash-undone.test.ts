import { it } from "vitest";
import { killAtEveryMoment } from "./testing/crash.ts";
import { CANCELLED, DECLINED_AT_LAST } from "./testing/crash-scenarios.ts";

it(
  "ends cancelled with nothing charged when the bank declines at last, wherever the process is killed",
  { timeout: 280_000 },
  () => killAtEveryMoment(DECLINED_AT_LAST),
);

it(
  "ends cancelled with all money back when the buyer cancels, wherever the process is killed",
  { timeout: 280_000 },
  () => killAtEveryMoment(CANCELLED),
);
