// Our whole server with calls that cost something, for overload: each waits as for a store, then computes.
import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { serve } from "#kit/serve.ts";
import { catalogue } from "../contract/catalogue.ts";
import { beChild } from "../process/child.ts";
import type { Ports, ServerSetup } from "../process/messages.ts";
import { implementationOf, serveDepsOf } from "./kit-deps.ts";

const STORE_WAIT_MS = 5;
const HASHED = Buffer.alloc(64 * 1024, "shopmesh");

/** A fixed amount of work rather than of time, which other processes on the core would take away from it. */
function compute(rounds: number): void {
  for (let round = 0; round < rounds; round++) createHash("sha256").update(HASHED).digest();
}

await beChild<ServerSetup>(async ({ trust, workRounds }) => {
  const working = implementationOf({
    ...catalogue,
    async getProduct(request, context) {
      await wait(STORE_WAIT_MS);
      compute(workRounds);
      return catalogue.getProduct(request, context);
    },
  });
  const { port } = await serve(serveDepsOf(trust), { services: [working], ready: async () => {} });
  return { ready: { h1: port, h2: port } satisfies Ports };
});
