import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { StorefrontService } from "#gen/shop/api/v1/storefront_service_pb.js";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/product/v1/error_reason_pb.js";
import { CategorySchema, ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import { ProductOrder, ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { currentUser } from "#kit/call.ts";
import { failures, isFailure } from "#kit/failure.ts";
import { fakeMain } from "#kit/testing/fake.ts";
import { startTestMesh, type TestMesh } from "#kit/testing/mesh.ts";
import { createMain } from "./main.ts";

type Trouble = "hangs" | "breaks" | undefined;

const CATALOGUE = Array.from({ length: 20 }, (_, n) =>
  create(ProductSchema, { productId: `p${n}`, categoryId: n < 12 ? "kitchen" : "garden", soldCount: BigInt(n) }),
);
const CATEGORIES = ["garden", "kitchen"].map((categoryId) => create(CategorySchema, { categoryId }));
const fail = failures(ErrorReasonSchema);

let mesh: TestMesh;
let trouble: { categories?: Trouble; popular?: Trouble; newest?: Trouble; cart?: Trouble };
let filled: string | undefined;
const storefront = () => mesh.client(StorefrontService);

/** Does to a call what the test asks for. */
async function suffer(it: Trouble, { signal }: HandlerContext): Promise<void> {
  if (it === "breaks") throw new ConnectError("broken", Code.Unavailable);
  if (it === "hangs") await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

const productMain = fakeMain(ProductService, {
  async listCategories(_, context) {
    await suffer(trouble.categories, context);
    return { categories: CATEGORIES };
  },
  async listProducts({ categoryId, pageSize, orderBy }, context) {
    await suffer(orderBy === ProductOrder.POPULAR ? trouble.popular : trouble.newest, context);
    const found = CATALOGUE.filter((it) => categoryId === "" || it.categoryId === categoryId);
    return { products: (orderBy === ProductOrder.POPULAR ? found.toReversed() : found).slice(0, pageSize) };
  },
  getProduct({ productId }) {
    const product = CATALOGUE.find((it) => it.productId === productId);
    if (product === undefined) throw fail(ErrorReason.PRODUCT_NOT_FOUND, "There is no such product.");
    return { product };
  },
});
const cartMain = fakeMain(CartService, {
  async getCart(_, context) {
    await suffer(trouble.cart, context);
    return { cart: { items: currentUser().userId === filled ? [{ productId: "p3", quantity: 4 }] : [] } };
  },
});

beforeAll(async () => {
  mesh = await startTestMesh({ product: productMain, cart: cartMain, api: createMain({ freshMs: 0, staleMs: 0 }) });
});
beforeEach(() => {
  trouble = {};
});
afterAll(() => mesh?.close());

const ids = (products: readonly { productId: string }[]) => products.map((it) => it.productId).join(" ");

describe("the home page", () => {
  test("is categories, what sells best and what is new", async () => {
    const home = await storefront().getHome({});
    expect(home.categories.map((it) => it.categoryId)).toEqual(["garden", "kitchen"]);
    expect([ids(home.popular), ids(home.newest)]).toEqual([
      "p19 p18 p17 p16 p15 p14 p13 p12",
      "p0 p1 p2 p3 p4 p5 p6 p7",
    ]);
    expect(home.missingParts).toEqual([]);
  });

  test.each<[typeof trouble, string[]]>([
    [{ categories: "hangs" }, ["categories"]],
    [{ popular: "breaks" }, ["popular"]],
    [{ newest: "hangs", categories: "breaks" }, ["categories", "newest"]],
  ])("with %o lacks %o and has the rest", async (its, missing) => {
    trouble = its;
    const home = await storefront().getHome({});
    expect(home.missingParts).toEqual(missing);
    const sizes = { categories: home.categories.length, popular: home.popular.length, newest: home.newest.length };
    for (const [part, size] of Object.entries(sizes)) expect(size > 0).toBe(!missing.includes(part));
  });
});

describe("the home page while the catalogue is away", () => {
  test.each<[Trouble]>([["breaks"], ["hangs"]])("is as it was, and says so; the catalogue %s", async (its) => {
    const own = await startTestMesh({ product: productMain, api: createMain({ freshMs: 0, staleMs: 60_000 }) });
    const getHome = () => own.client(StorefrontService).getHome({});
    const before = await getHome();
    trouble = { popular: its, categories: its };
    const home = await getHome();
    expect(ids(home.popular)).toBe(ids(before.popular));
    expect([home.missingParts, home.staleParts]).toEqual([[], ["categories", "popular"]]);
    trouble = {};
    expect((await getHome()).staleParts).toEqual([]);
    await own.stop("product");
    expect((await getHome()).staleParts).toEqual(["categories", "popular", "newest"]);
    await own.close();
  });
});

describe("a product's page", () => {
  test("is the product, its category and others of it", async () => {
    const page = await storefront().getProductPage({ productId: "p9" });
    expect(page).toMatchObject({
      product: { productId: "p9" },
      category: { categoryId: "kitchen" },
      quantityInCart: 0,
      missingParts: [],
    });
    expect(ids(page.related)).toBe("p11 p10 p8 p7 p6 p5");
  });

  test("tells how many are in the caller's own cart", async () => {
    const [user, other] = [mesh.as("guest"), mesh.as("guest")];
    filled = user.userId;
    expect((await storefront().getProductPage({ productId: "p3" }, user)).quantityInCart).toBe(4);
    expect((await storefront().getProductPage({ productId: "p3" }, other)).quantityInCart).toBe(0);
  });

  test("does without parts that are slow or away", async () => {
    trouble = { categories: "hangs", popular: "breaks", cart: "hangs" };
    const page = await storefront().getProductPage({ productId: "p3" }, mesh.as("customer"));
    expect(page).toMatchObject({
      product: { productId: "p3" },
      missingParts: ["category", "related", "cart"],
      related: [],
    });
  });

  test("is as it was while the catalogue is away, for who was there before, and says so", async () => {
    const own = await startTestMesh({ product: productMain, api: createMain({ freshMs: 0, staleMs: 60_000 }) });
    const pageOf = (productId: string) => own.client(StorefrontService).getProductPage({ productId });
    expect((await pageOf("p3")).staleParts).toEqual([]);
    await own.stop("product");
    expect(await pageOf("p3")).toMatchObject({ product: { productId: "p3" }, staleParts: ["product"], related: [] });
    expect(await pageOf("p4").catch((it: unknown) => it)).toMatchObject({ code: Code.Unavailable });
    await own.start("product", productMain);
    expect((await pageOf("p3")).staleParts).toEqual([]);
    await own.close();
  });

  test("of no product is not found, however slow the rest is", async () => {
    trouble = { categories: "hangs", cart: "hangs" };
    const error = await storefront()
      .getProductPage({ productId: "nothing" }, mesh.as("guest"))
      .catch((it: unknown) => it);
    expect(error).toMatchObject({ code: Code.NotFound });
    expect(isFailure(error, ErrorReasonSchema, ErrorReason.PRODUCT_NOT_FOUND)).toBe(true);
  });
});
