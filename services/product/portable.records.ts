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
  readonly createTime: string;
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

/** Records are plain data; their interfaces only have no index signature to say so. */
export function toJson(record: object): Json {
  return record as Json;
}
