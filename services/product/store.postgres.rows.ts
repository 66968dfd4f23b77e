import type { Attribute, Picture, Product } from "./store.ts";

/** What a product is read with; the search columns are large and only searched. */
export const COLUMNS = `product_id, name, description, category_id, currency_code, price_minor_units, stock, sold_count,
  pictures, attributes, etag, create_time, update_time`;

export type ProductRow = {
  product_id: string;
  name: string;
  description: string;
  category_id: string;
  currency_code: string;
  price_minor_units: number;
  stock: number;
  sold_count: number;
  pictures: Picture[];
  attributes: Attribute[];
  etag: string;
  create_time: Date;
  update_time: Date;
};

export function toProduct(row: ProductRow): Product {
  return {
    productId: row.product_id,
    name: row.name,
    description: row.description,
    categoryId: row.category_id,
    price: { currencyCode: row.currency_code, minorUnits: row.price_minor_units },
    stock: row.stock,
    soldCount: row.sold_count,
    pictures: row.pictures,
    attributes: row.attributes,
    etag: row.etag,
    createTime: row.create_time,
    updateTime: row.update_time,
  };
}
