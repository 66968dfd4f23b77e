import type {
  PortableAdjustment,
  PortableCategory,
  PortableCountedEvent,
  PortableProduct,
  PortableReservation,
} from "./portable.records.ts";
import { searchDocument } from "./search.ts";
import type {
  AdjustmentDocument,
  CategoryDocument,
  EventDocument,
  ProductDocument,
  ReservationDocument,
  ReservationState,
} from "./store.mongo.documents.ts";
import { POPULARITY_STEP } from "./store.mongo.indexes.ts";
import { chanceOf, contentOf } from "./store.mongo.ts";

// Records and the documents that MongoDB has for them.

/** What a reservation's document stands for; one that never held its pieces is none. */
const STATES: Readonly<Record<ReservationState, PortableReservation["state"]>> = {
  reserving: "expired",
  held: "held",
  confirmed: "confirmed",
  lapsed: "expired",
  released: "released",
};

const NEVER_HELD = new Set<ReservationState>(["reserving", "lapsed"]);

export function toCategory({ _id, name, description, picture, position }: CategoryDocument): PortableCategory {
  return { categoryId: _id, name, description, picture: picture ?? null, position };
}

export function fromCategory({ categoryId, picture, ...rest }: PortableCategory): CategoryDocument {
  return { _id: categoryId, ...rest, ...(picture !== null && { picture }) };
}

/** @param committed pieces of it that are held or sold: all others are on sale, wherever the document has them at the moment */
export function toProduct(it: ProductDocument, committed: number): PortableProduct {
  const taken = it.sold + it.holds.reduce((sum, hold) => sum + hold.quantity, 0);
  return {
    productId: it._id,
    name: it.name,
    description: it.description,
    categoryId: it.categoryId,
    currencyCode: it.currencyCode,
    priceMinorUnits: it.price,
    pictures: it.pictures,
    attributes: it.attributes,
    stock: it.stock + taken - committed,
    soldCount: it.soldCount,
    etag: it.etag,
    createTime: it.createTime.toISOString(),
    updateTime: it.updateTime.toISOString(),
    deleteTime: it.deleteTime?.toISOString() ?? null,
  };
}

/** A product's fields, without the books of its pieces, and the words that it is found by. */
export function fromProduct(it: PortableProduct, categoryName: string) {
  const price = { currencyCode: it.currencyCode, minorUnits: it.priceMinorUnits };
  const content = contentOf({ ...it, price }, searchDocument(it, categoryName));
  return {
    ...content,
    stock: it.stock,
    inStock: it.stock > 0,
    soldCount: it.soldCount,
    popularity: it.soldCount * POPULARITY_STEP + chanceOf(it.productId),
    createTime: new Date(it.createTime),
    updateTime: new Date(it.updateTime),
    deleted: it.deleteTime !== null,
  };
}

export function toReservation(it: ReservationDocument): PortableReservation | undefined {
  if (NEVER_HELD.has(it.state) && !it.everHeld) return undefined;
  return {
    orderId: it._id,
    state: STATES[it.state],
    expireTime: it.expireTime.toISOString(),
    lines: it.lines.map(({ productId, quantity, name, unitPrice, picture }) => ({
      productId,
      quantity,
      name,
      currencyCode: unitPrice.currencyCode,
      unitPriceMinorUnits: unitPrice.minorUnits,
      picture: picture ?? null,
    })),
  };
}

/** The attempt that reservations are in that come from elsewhere. */
export const ATTEMPT = 1;

export function fromReservation(it: PortableReservation): ReservationDocument {
  const expireTime = new Date(it.expireTime);
  return {
    _id: it.orderId,
    state: it.state === "expired" ? "lapsed" : it.state,
    attempt: ATTEMPT,
    everHeld: true,
    wasSold: false,
    lines: it.lines.map(({ currencyCode, unitPriceMinorUnits, picture, ...line }) => ({
      ...line,
      unitPrice: { currencyCode, minorUnits: unitPriceMinorUnits },
      picture: picture ?? undefined,
    })),
    until: new Date(),
    expireTime,
    ...(it.state === "held" && { next: { step: "expire", time: expireTime } }),
  };
}

export function toAdjustment({ _id, productId, delta }: AdjustmentDocument): PortableAdjustment {
  return { requestId: _id, productId, delta };
}

export function fromAdjustment({ requestId, productId, delta }: PortableAdjustment): AdjustmentDocument {
  return { _id: requestId, productId, delta, state: "applied", until: new Date() };
}

export function toCountedEvent({ _id, handleTime }: EventDocument): PortableCountedEvent {
  return { eventId: _id, handleTime: handleTime.toISOString() };
}

export function fromCountedEvent({ eventId, handleTime }: PortableCountedEvent): EventDocument {
  return { _id: eventId, productIds: [], state: "counted", until: new Date(), handleTime: new Date(handleTime) };
}
