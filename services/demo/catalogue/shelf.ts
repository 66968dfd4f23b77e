/** The two colours a shelf's pictures are taken against, as CSS colours. */
export interface Backdrop {
  /** Behind the object. */
  readonly wall: string;
  /** Under it. */
  readonly floor: string;
  /** What shadows fade to: a deep shade of the floor, since a black one looks pasted on. */
  readonly shade: string;
}

/** How an object is photographed. */
export interface Shot {
  /** File name, without its extension, among the objects of `@lobehub/fluent-emoji-3d`. */
  readonly asset: string;
  /** Upright on the floor, or laid flat and seen from above. */
  readonly pose: "standing" | "lying";
  /** What the picture shows, for those who cannot see it. */
  readonly alt: string;
}

/** A product of the demo catalogue. */
export interface DemoProduct {
  /** Readable id, also the page's address. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Price of a piece in euro cents, tax included. */
  readonly priceCents: number;
  /** Pieces on the first day. */
  readonly stock: number;
  /** Name and value, in the order to show. */
  readonly attributes: readonly (readonly [name: string, value: string])[];
  readonly shot: Shot;
}

/** A category of the demo catalogue with all that stands in it. */
export interface DemoShelf {
  readonly id: string;
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  readonly backdrop: Backdrop;
  /** The products in the category's picture: left, middle, right. */
  readonly showcase: readonly [left: string, middle: string, right: string];
  /** What the category's picture shows. */
  readonly alt: string;
  readonly products: readonly DemoProduct[];
}
