import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type Category as CategoryMessage,
  CategorySchema,
  type Product as ProductMessage,
  ProductSchema,
  type ReservationSchema,
} from "#gen/shop/product/v1/product_pb.js";
import { type Money as MoneyMessage, MoneySchema } from "#gen/shop/type/v1/money_pb.js";
import { type Picture as PictureMessage, PictureSchema } from "#gen/shop/type/v1/picture_pb.js";
import type { Category, Money, Picture, Product, ProductContent, Reservation } from "./store.ts";

function fromMoney(money: MoneyMessage | undefined): Money {
  return { currencyCode: money?.currencyCode ?? "", minorUnits: Number(money?.minorUnits ?? 0n) };
}

function toMoney(money: Money) {
  return create(MoneySchema, { currencyCode: money.currencyCode, minorUnits: BigInt(money.minorUnits) });
}

function fromPicture({ imageId, width, height, placeholder, alt }: PictureMessage): Picture {
  return { imageId, width, height, placeholder: base64Encode(placeholder), alt };
}

function toPicture(picture: Picture) {
  return create(PictureSchema, { ...picture, placeholder: base64Decode(picture.placeholder) });
}

/** What an administrator says about a product. */
export function fromProduct(product: ProductMessage): ProductContent {
  const { name, description, categoryId } = product;
  return {
    name,
    description,
    categoryId,
    price: fromMoney(product.price),
    pictures: product.pictures.map(fromPicture),
    attributes: product.attributes.map((it) => ({ name: it.name, value: it.value })),
  };
}

export function toProduct(product: Product): ProductMessage {
  const { productId, name, description, categoryId, stock, etag } = product;
  return create(ProductSchema, {
    productId,
    name,
    description,
    categoryId,
    price: toMoney(product.price),
    stock,
    pictures: product.pictures.map(toPicture),
    attributes: product.attributes.map((it) => ({ ...it })),
    soldCount: BigInt(product.soldCount),
    createTime: timestampFromDate(product.createTime),
    updateTime: timestampFromDate(product.updateTime),
    etag,
  });
}

export function fromCategory(category: CategoryMessage): Category {
  const { categoryId, name, description, picture, position } = category;
  return { categoryId, name, description, position, picture: picture && fromPicture(picture) };
}

export function toCategory(category: Category & { productCount?: number }): CategoryMessage {
  const { categoryId, name, description, picture, position, productCount = 0 } = category;
  return create(CategorySchema, {
    categoryId,
    name,
    description,
    position,
    productCount,
    ...(picture && { picture: toPicture(picture) }),
  });
}

export function toReservation(reservation: Reservation): MessageInitShape<typeof ReservationSchema> {
  return {
    orderId: reservation.orderId,
    expireTime: timestampFromDate(reservation.expireTime),
    lines: reservation.lines.map(({ productId, name, quantity, unitPrice, picture }) => ({
      productId,
      name,
      quantity,
      unitPrice: toMoney(unitPrice),
      ...(picture && { picture: toPicture(picture) }),
    })),
  };
}
