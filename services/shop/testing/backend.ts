import type { Main } from "#kit/kit.ts";
import type { Workload } from "#kit/settings.ts";
import { main as api } from "../../api/main.ts";
import { createMain as createAuthMain } from "../../auth/main.ts";
import { main as cart } from "../../cart/main.ts";
import { main as image } from "../../image/main.ts";
import { main as order } from "../../order/main.ts";
import { main as product } from "../../product/main.ts";

const PASSWORD_COST = 4;

/** All services behind the edge, in the order to start them; passwords cost little, so that tests do. */
export const backend = {
  auth: createAuthMain({ passwordCost: PASSWORD_COST, onAdministratorCreated: () => {} }),
  product,
  image,
  cart,
  order,
  api,
} satisfies Partial<Record<Workload, Main>>;
