import type { Json } from "#kit/portable/canonical.ts";
import type { Attribute, Picture } from "./store.ts";

// What product keeps, as records that no engine has a say in. Times are ISO 8601 in UTC with milliseconds.

export interface PortableCategory {
  readonly categoryId: string;
  readonly name: string;
  readonly description: string;
  readonly picture: Picture | null;
  readonly position: number;
}

/** A product, on sale or deleted. Words to search by are made anew from the text. */
export interface PortableProduct {
  readonly productId: string;
  readonly name: string;
  readonly description: string;
  readonly categoryId: string;
  readonly currencyCode: string;
  readonly priceMinorUnits: number;
  readonly pictures: readonly Picture[];
  readonly attributes: readonly Attribute[];
  /** Pieces on sale: what is held is not among them. */
  readonly stock: number;
  readonly soldCount: number;
  readonly etag: string;
  readonly createTime: string;
  readonly updateTime: string;
  readonly deleteTime: string | null;
}

/** One product of a reservation, as it was when the order first asked for it. */
export interface PortableReservedLine {
  readonly productId: string;
  readonly quantity: number;
  readonly name: string;
  readonly currencyCode: string;
  readonly unitPriceMinorUnits: number;
  readonly picture: Picture | null;
}

export interface PortableReservation {
  readonly orderId: string;
  readonly state: "held" | "confirmed" | "expired" | "released";
  readonly expireTime: string;
  readonly lines: readonly PortableReservedLine[];
}

export interface PortableAdjustment {
  readonly requestId: string;
  readonly productId: string;
  readonly delta: number;
}

/** An event whose pieces were counted as sold. */
export interface PortableCountedEvent {
  readonly eventId: string;
  readonly handleTime: string;
}

/** The collections, in the order to write them. */
export const COLLECTIONS = {
  categories: "product.categories",
  products: "product.products",
  reservations: "product.reservations",
  adjustments: "product.adjustments",
  countedEvents: "product.counted_events",
} as const;

const DAY_MS = 24 * 60 * 60 * 1000;
/** What the event log has forgotten does not come again. */
const COUNTED_KEPT_MS = 30 * DAY_MS;

/** When a counted event may be forgotten. */
export function countedExpireMs(value: Json): number {
  return Date.parse((value as unknown as PortableCountedEvent).handleTime) + COUNTED_KEPT_MS;
}
