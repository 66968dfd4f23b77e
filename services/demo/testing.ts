import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, createRouterTransport, type HandlerContext } from "@connectrpc/connect";
import { AuthService } from "#gen/shop/auth/v1/auth_service_pb.js";
import { ErrorReason, ErrorReasonSchema } from "#gen/shop/auth/v1/error_reason_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { type Category, CategorySchema, type Product, ProductSchema } from "#gen/shop/product/v1/product_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { failures, toConnectError } from "#kit/failure.ts";
import { demoShelves } from "./catalogue.ts";

/** The only token that the shop in memory takes for an administrator's, unless it was told of another. */
export const TOKEN = "an-administrators-token";
export const ADMINISTRATOR = { email: "admin@shop.example", password: "open sesame" };

/** A small catalogue, since every picture takes its time: three categories of three. */
export const shelves = demoShelves.slice(0, 3).map((shelf) => ({
  ...shelf,
  products: shelf.products.filter(({ id }) => shelf.showcase.includes(id)),
}));
export const demoIds = shelves.flatMap((shelf) => shelf.products.map(({ id }) => id));

/** What a test does within the shop. */
interface Hooks {
  /** Before each call, by its name; may throw. */
  readonly before?: (call: string) => void;
  readonly beforeCreate?: (productId: string) => void;
}

const fail = failures(ErrorReasonSchema);

/** The front door of a shop in memory, which counts what it is asked for. */
export function createShop(hooks: Hooks = {}) {
  const products = new Map<string, Product>();
  const categories = new Map<string, Category>();
  const images = new Set<string>();
  const tokens = new Set([TOKEN]);
  const calls = { signIn: 0, upload: 0, createProduct: 0, createCategory: 0 };
  const enter = (call: keyof typeof calls, context: HandlerContext) => {
    hooks.before?.(call);
    calls[call] += 1;
    const token = context.requestHeader.get("authorization")?.replace("Bearer ", "") ?? "";
    if (call !== "signIn" && !tokens.has(token)) throw new ConnectError("who?", Code.Unauthenticated);
  };
  const transport = createRouterTransport((router) => {
    router.service(AuthService, {
      signIn: ({ email, password }, context) => {
        enter("signIn", context);
        if (email !== ADMINISTRATOR.email || password !== ADMINISTRATOR.password)
          throw toConnectError(fail(ErrorReason.CREDENTIALS_INVALID, "No."), "");
        return { accessToken: { token: [...tokens].at(-1) ?? "" } };
      },
    });
    router.service(ProductService, {
      batchGetProducts: ({ productIds }) => ({ products: productIds.flatMap((id) => products.get(id) ?? []) }),
      listCategories: () => ({ categories: [...categories.values()] }),
      createCategory: ({ category = create(CategorySchema) }, context) => {
        enter("createCategory", context);
        if (categories.has(category.categoryId)) throw new ConnectError("category", Code.AlreadyExists);
        categories.set(category.categoryId, category);
        return { category };
      },
      createProduct: ({ product = create(ProductSchema) }, context) => {
        enter("createProduct", context);
        hooks.beforeCreate?.(product.productId);
        if (!categories.has(product.categoryId)) throw new ConnectError("category", Code.NotFound);
        if (products.has(product.productId)) throw new ConnectError("product", Code.AlreadyExists);
        products.set(product.productId, product);
        return { product };
      },
    });
    router.service(ImageService, {
      uploadImage: ({ content, alt }, context) => {
        enter("upload", context);
        const imageId = createHash("sha256").update(content).digest("hex").slice(0, 32);
        images.add(imageId);
        return { image: { picture: { imageId, width: 800, height: 800, alt } } };
      },
    });
  });
  const clients = {
    auth: createClient(AuthService, transport),
    products: createClient(ProductService, transport),
    images: createClient(ImageService, transport),
  };
  return { clients, products, categories, images, tokens, calls };
}
