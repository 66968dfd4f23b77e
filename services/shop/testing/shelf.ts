import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { ADMINISTRATOR, type ReplicatedShop } from "./replicas.ts";

const CATEGORY = { categoryId: "tests", name: "Tests" };
const PRICE = { currencyCode: "EUR", minorUnits: 1_250n };

/** Call options of the shop's administrator. */
export async function signInAdministrator(shop: ReplicatedShop) {
  const { accessToken } = await shop.client(AuthService).signIn(ADMINISTRATOR);
  return { headers: { authorization: `Bearer ${accessToken?.token}` } };
}

/** Puts a product on sale. */
export async function createTestProduct(shop: ReplicatedShop, productId: string, stock: number): Promise<void> {
  const admin = await signInAdministrator(shop);
  const products = shop.client(ProductService);
  await products.createCategory({ category: CATEGORY }, admin).catch(() => {}); // there already
  const product = { productId, name: `Product ${productId}`, categoryId: CATEGORY.categoryId, price: PRICE, stock };
  await products.createProduct({ product }, admin);
}

/** Pieces sold as product counts them from what it hears of orders. */
export async function soldByEvents(shop: ReplicatedShop, productId: string): Promise<number> {
  const { product } = await shop.client(ProductService).getProduct({ productId });
  return Number(product?.soldCount ?? 0n);
}
