import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import type { Category, Product } from "#gen/shop/product/v1/product_pb.js";
import type { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import type { Picture } from "#gen/shop/type/v1/picture_pb.js";
import type { DemoProduct, DemoShelf } from "./catalogue/shelf.ts";
import { demoShelves } from "./catalogue.ts";
import { toCategory, toProduct } from "./messages.ts";
import { composePicture, composeShelfPicture } from "./picture.ts";

/** Products in the making at the same time: composing pictures keeps two cores busy. */
const CONCURRENCY = 2;
/** The most that BatchGetProducts takes. */
const BATCH_MAX_IDS = 100;

/** The services the catalogue goes into. */
export interface CatalogueClients {
  readonly products: Client<typeof ProductService>;
  readonly images: Client<typeof ImageService>;
}

/** What loading the demo catalogue needs. */
export interface LoadOptions {
  readonly clients: CatalogueClients;
  /** An administrator's access token. */
  readonly token: string;
  readonly log: { info(fields: object, message: string): void };
  /** Stops the loading; the next start goes on from there. */
  readonly signal: AbortSignal;
  /** What to load; the whole demo catalogue unless given. */
  readonly shelves?: readonly DemoShelf[];
  /** Called after each product, with how many of those that were missing are there now. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A product and where it stands. */
interface Placed {
  readonly shelf: DemoShelf;
  /** Where the category stands among the others. */
  readonly position: number;
  readonly product: DemoProduct;
}

/** What one loading knows: the options for its calls and the categories it has seen to. */
interface Loading {
  readonly clients: CatalogueClients;
  readonly call: { readonly headers: { readonly authorization: string }; readonly signal: AbortSignal };
  readonly categories: Map<string, Promise<void>>;
}

/**
 * Puts the demo catalogue into the shop through the services' own calls, and answers how many products it added. What is
 * there already is left as it is, so it may be interrupted anywhere and called again. Rejects with the first call that
 * failed (a ConnectError), or with the signal's reason.
 */
export async function loadDemoCatalogue(options: LoadOptions): Promise<number> {
  const { clients, log, token, shelves = demoShelves, onProgress } = options;
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const call = { headers: { authorization: `Bearer ${token}` }, signal };
  const missing = await missingProducts(clients, call, inOrder(shelves));
  if (missing.length === 0) return 0;

  const { categories } = await clients.products.listCategories({}, call);
  const known = categories.map((it) => [it.categoryId, Promise.resolve()] as const);
  const loading: Loading = { clients, call, categories: new Map(known) };
  const startMs = performance.now();
  let done = 0;
  // One iterator for all workers: each takes the next product.
  const queue = missing.values();
  const work = async () => {
    try {
      for (const placed of queue) {
        signal.throwIfAborted();
        await addProduct(loading, placed);
        done += 1;
        onProgress?.(done, missing.length);
      }
    } catch (error) {
      failure.abort(error);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  signal.throwIfAborted();
  log.info({ products: done, durationMs: Math.round(performance.now() - startMs) }, "demo catalogue loaded");
  return done;
}

/** The first of every category, then the second of each, and so on: a page filled early shows a bit of everything. */
function inOrder(shelves: readonly DemoShelf[]): Placed[] {
  const rows = shelves.flatMap((shelf, position) =>
    shelf.products.map((product, row) => ({ row, placed: { shelf, position, product } })),
  );
  return rows.sort((a, b) => a.row - b.row).map(({ placed }) => placed);
}

async function missingProducts(
  clients: CatalogueClients,
  call: Loading["call"],
  wanted: readonly Placed[],
): Promise<Placed[]> {
  const found = new Set<string>();
  for (let start = 0; start < wanted.length; start += BATCH_MAX_IDS) {
    const productIds = wanted.slice(start, start + BATCH_MAX_IDS).map(({ product }) => product.id);
    const { products } = await clients.products.batchGetProducts({ productIds }, call);
    for (const { productId } of products) found.add(productId);
  }
  return wanted.filter(({ product }) => !found.has(product.id));
}

async function addProduct(loading: Loading, { shelf, position, product }: Placed): Promise<void> {
  await categoryOf(loading, shelf, position);
  const content = await composePicture(product.shot, shelf.backdrop);
  const picture = await upload(loading, content, product.shot.alt);
  await createOnce(loading, { product: toProduct(product, shelf, picture) });
}

/** The first product of a category brings the category; those that come meanwhile wait for it. */
function categoryOf(loading: Loading, shelf: DemoShelf, position: number): Promise<void> {
  const known = loading.categories.get(shelf.id);
  if (known) return known;
  const added = addCategory(loading, shelf, position);
  loading.categories.set(shelf.id, added);
  return added;
}

async function addCategory(loading: Loading, shelf: DemoShelf, position: number): Promise<void> {
  const picture = await upload(loading, await composeShelfPicture(shelf), shelf.alt);
  await createOnce(loading, { category: toCategory(shelf, position, picture) });
}

async function upload({ clients, call }: Loading, content: Uint8Array, alt: string): Promise<Picture> {
  call.signal.throwIfAborted();
  const { image } = await clients.images.uploadImage({ content, alt }, call);
  if (!image?.picture) throw new ConnectError("an uploaded image came back without its picture", Code.Internal);
  return image.picture;
}

/** Creating is not idempotent: whoever was faster, perhaps this loader before a lost answer, made the same thing. */
async function createOnce(
  { clients, call }: Loading,
  what: { product: Product } | { category: Category },
): Promise<void> {
  try {
    await ("product" in what
      ? clients.products.createProduct(what, call)
      : clients.products.createCategory(what, call));
  } catch (error) {
    if (ConnectError.from(error).code !== Code.AlreadyExists) throw error;
  }
}
