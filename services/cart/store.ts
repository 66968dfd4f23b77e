/** Most pieces of one product in a cart. */
export const QUANTITY_MAX = 99;
/** Most products in a cart. */
export const LINES_MAX = 50;

/** Pieces of one product. */
export interface Line {
  readonly productId: string;
  /** From 1 to QUANTITY_MAX. */
  readonly quantity: number;
}

/** A cart as it is stored: what is wanted, and nothing of what the catalogue knows. */
export interface StoredCart {
  /** Oldest first. */
  readonly lines: readonly Line[];
  /** When it is forgotten; undefined where nothing is stored. */
  readonly expireTime: Date | undefined;
}

/** How a change ended; a refused one changed nothing. */
export type Change =
  | { readonly outcome: "done"; readonly cart: StoredCart }
  | { readonly outcome: "over_limit" | "cart_full" | "no_such_line" };

/** Pieces to add to a cart. */
export interface Addition extends Line {
  /** Most pieces of the product that the cart may hold afterwards. */
  readonly limit: number;
  /** The same id again adds nothing; undefined adds every time. */
  readonly requestId: string | undefined;
}

/** How long a store keeps things. */
export interface CartStoreOptions {
  /** Milliseconds until a cart that nobody uses is forgotten. */
  readonly lifetimeMs: number;
  /** A read prolongs a cart only if that gains this many milliseconds, so that most reads write nothing. */
  readonly renewAfterMs: number;
  /** Milliseconds for which an order is remembered, so that its pieces are taken out once. */
  readonly purchaseMemoryMs: number;
}

/**
 * Where carts are kept. Each function is one atomic change of one cart; changes of a cart at the same time come one after the
 * other. `merge` changes two: where they cannot change together, what leaves one is on its way for a moment, and arrives
 * once, whatever happens meanwhile. An expired cart counts as empty. Owners and orders are UUIDs.
 */
export interface CartStore {
  /** The cart; looking at it prolongs its life. */
  read(owner: string): Promise<StoredCart>;
  /** Adds pieces to those already there. Refused: `over_limit`, `cart_full`. */
  add(owner: string, addition: Addition): Promise<Change>;
  /** Sets the pieces of a line. Fewer than now is always allowed. Refused: `no_such_line`, `over_limit`. */
  set(owner: string, line: Line, limit: number): Promise<Change>;
  /** Takes a line out, if it is there. */
  remove(owner: string, productId: string): Promise<StoredCart>;
  /** Takes all lines out. */
  clear(owner: string): Promise<StoredCart>;
  /**
   * Moves all lines of one cart into another, behind those there. A sum above QUANTITY_MAX becomes QUANTITY_MAX, and
   * what would be a line above LINES_MAX is dropped.
   */
  merge(from: string, into: string): Promise<StoredCart>;
  /** Takes what an order bought out of a cart, once for each order; less is there: all of it. */
  removePurchased(owner: string, orderId: string, lines: readonly Line[]): Promise<void>;
  /** Frees the space of some of what expired; answers how many it found, fewer than `batch` when none is left. */
  purge(batch: number): Promise<number>;
}
