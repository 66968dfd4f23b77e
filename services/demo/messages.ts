import { create } from "@bufbuild/protobuf";
import { type Category, CategorySchema, type Product, ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import type { Picture } from "#gen/shop/type/v1/picture_pb.js";
import type { DemoProduct, DemoShelf } from "./catalogue/shelf.ts";

const CURRENCY = "EUR";

/** A demo product as the contract has it. */
export function toProduct(product: DemoProduct, shelf: DemoShelf, picture: Picture): Product {
  return create(ProductSchema, {
    productId: product.id,
    name: product.name,
    description: product.description,
    categoryId: shelf.id,
    price: { currencyCode: CURRENCY, minorUnits: BigInt(product.priceCents) },
    stock: product.stock,
    pictures: [picture],
    attributes: product.attributes.map(([name, value]) => ({ name, value })),
  });
}

/** A demo category as the contract has it. */
export function toCategory(shelf: DemoShelf, position: number, picture: Picture): Category {
  return create(CategorySchema, {
    categoryId: shelf.id,
    name: shelf.name,
    description: shelf.description,
    picture,
    position,
  });
}
