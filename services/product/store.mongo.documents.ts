import type { Attribute, Picture, Product, ReservedLine } from "./store.ts";

// What stands in MongoDB. Nothing spans several documents but by steps that are recorded first and can be repeated; see
// store.mongo.reservations.ts.

/** Pieces of a product that were taken off its stock for an attempt of an order to reserve them. */
export interface Hold {
  readonly orderId: string;
  readonly attempt: number;
  /** 0: the pieces were put back, or none were ever taken; what is late finds this and changes nothing. */
  readonly quantity: number;
  /** The moment, by the server's clock, after which nothing can be taken for this attempt any more. */
  readonly until: Date;
}

/**
 * A product, with the books of its pieces. At all times: stock + the holds' quantities + sold = initialStock + adjusted.
 * Deleted ones stay, marked.
 */
export interface ProductDocument {
  /** The product's id. */
  readonly _id: string;
  readonly name: string;
  readonly nameKey: string;
  readonly description: string;
  readonly categoryId: string;
  readonly currencyCode: string;
  /** Price in minor units. */
  readonly price: number;
  readonly pictures: readonly Picture[];
  readonly attributes: readonly Attribute[];
  readonly etag: string;
  readonly deleted: boolean;
  readonly createTime: Date;
  readonly updateTime: Date;
  readonly deleteTime?: Date;

  readonly stock: number;
  /** stock > 0: an index over this changes seldom, one over the stock with every order. */
  readonly inStock: boolean;
  readonly holds: readonly Hold[];
  /** Pieces of confirmed orders whose holds are no more. */
  readonly sold: number;
  readonly initialStock: number;
  /** Sum of all adjustments. */
  readonly adjusted: number;
  /** Names of changes that were made to this document, until their own documents say so: none is made twice. */
  readonly marks: readonly string[];

  /** Pieces sold as the events tell it. */
  readonly soldCount: number;
  /** What sorting by popularity goes by. */
  readonly popularity: number;
  /** See search.mongo.ts. */
  readonly search: SearchFields;
}

/** What a product is found and ranked by. */
export interface SearchFields {
  /** Its words, each once. */
  readonly words: readonly string[];
  /** The words of its name between blanks: " walnut desk lamp ". */
  readonly name: string;
  /** The same of its details. */
  readonly details: string;
}

/** A word that stands, or stood once, in some product. */
export interface WordDocument {
  /** The word. */
  readonly _id: string;
  /** What a mistyped word may meet it by: itself and its singulars, also with a blank for each letter. */
  readonly near: readonly string[];
}

export interface CategoryDocument {
  /** The category's id. */
  readonly _id: string;
  readonly name: string;
  readonly description: string;
  readonly picture?: Picture;
  readonly position: number;
}

/** Has the final word on an order's pieces; what the products' documents say follows it. */
export type ReservationState =
  /** Pieces are being taken; perhaps by a process that is no more. */
  | "reserving"
  | "held"
  | "confirmed"
  /** The hold was over, or not all pieces were there; the order may reserve again. */
  | "lapsed"
  | "released";

/** What is still to be done for a reservation, should nobody do it before: */
export type NextStep =
  /** end an attempt that nobody finished; */
  | "abandon"
  /** end a hold that is over; */
  | "expire"
  /** put pieces back on sale; */
  | "give_back"
  /** count held pieces as sold; */
  | "sell"
  /** take the marks off the products. */
  | "forget";

/** What is to be done, and the moment from which anybody may do it. */
export interface Next<Step extends string> {
  readonly step: Step;
  readonly time: Date;
}

export interface ReservationDocument {
  /** The order's id. */
  readonly _id: string;
  readonly state: ReservationState;
  /** Grows with each try to take the pieces. */
  readonly attempt: number;
  /** Whether the lines were held once: the order keeps them and their prices. */
  readonly everHeld: boolean;
  /** Of a released one: whether its pieces were sold before. */
  readonly wasSold: boolean;
  readonly lines: readonly ReservedLine[];
  /** The moment, by the server's clock, after which nothing that began before can change a product any more. */
  readonly until: Date;
  readonly expireTime: Date;
  readonly next?: Next<NextStep>;
}

/** An adjustment, recorded before it is made. */
export interface AdjustmentDocument {
  /** The request's id. */
  readonly _id: string;
  readonly productId: string;
  readonly delta: number;
  readonly state: "pending" | "applied";
  readonly until: Date;
  readonly next?: Next<"settle">;
}

/** An event whose sales are counted; forgotten after some weeks. */
export interface EventDocument {
  /** The event's id. */
  readonly _id: string;
  readonly productIds: readonly string[];
  readonly state: "pending" | "counted";
  readonly until: Date;
  /** When it came first. */
  readonly handleTime: Date;
  readonly next?: Next<"forget">;
}

/** What a product is read with; what it is searched by is large, and what moves its stock nobody's business. */
export const PRODUCT_FIELDS = {
  name: 1,
  description: 1,
  categoryId: 1,
  currencyCode: 1,
  price: 1,
  pictures: 1,
  attributes: 1,
  etag: 1,
  createTime: 1,
  updateTime: 1,
  stock: 1,
  soldCount: 1,
} as const;

/** The part of a document that `PRODUCT_FIELDS` asks for. */
export type ProductRecord = Pick<ProductDocument, "_id" | keyof typeof PRODUCT_FIELDS>;

export function toProduct(it: ProductRecord): Product {
  return {
    productId: it._id,
    name: it.name,
    description: it.description,
    categoryId: it.categoryId,
    price: { currencyCode: it.currencyCode, minorUnits: it.price },
    stock: it.stock,
    soldCount: it.soldCount,
    pictures: it.pictures,
    attributes: it.attributes,
    etag: it.etag,
    createTime: it.createTime,
    updateTime: it.updateTime,
  };
}
