import type { Portable } from "#kit/portable/portable.ts";
import type { Schema } from "#kit/schema.ts";
import type { Settings, Workload } from "#kit/settings.ts";
import { SCHEMA as auth } from "../auth/main.ts";
import { portable as authPortable } from "../auth/portable.ts";
import { schemaOf as cartSchemaOf } from "../cart/main.ts";
import { portable as cartPortable } from "../cart/portable.ts";
import { schemaOf as imageSchemaOf } from "../image/main.ts";
import { portable as imagePortable } from "../image/portable.ts";
import { SCHEMA as order } from "../order/main.ts";
import { portable as orderPortable } from "../order/portable.ts";
import { schemaOf as productSchemaOf } from "../product/main.ts";
import { portable as productPortable } from "../product/portable.ts";

/** A service that keeps something. */
export interface KeepingService {
  readonly workload: Workload;
  /** What it keeps with these settings, to be brought to the newest version. */
  readonly schemaOf: (settings: Settings) => Schema | undefined;
  readonly portable: Portable;
}

/** All services that keep something, in the order to write what they keep. */
export const SERVICES: readonly KeepingService[] = [
  { workload: "auth", schemaOf: () => auth, portable: authPortable },
  { workload: "product", schemaOf: productSchemaOf, portable: productPortable },
  { workload: "image", schemaOf: imageSchemaOf, portable: imagePortable },
  { workload: "order", schemaOf: () => order, portable: orderPortable },
  { workload: "cart", schemaOf: cartSchemaOf, portable: cartPortable },
];
