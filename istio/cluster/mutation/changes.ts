import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { ImageService } from "#gen/shop/image/v1/image_service_pb.js";
import { User } from "#gen/shop/mesh/v1/policy_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { added, type Edit, method, policy, removed } from "./change.ts";

/** A change of a contract, and where in the cluster it must be seen. */
export interface Change {
  readonly what: string;
  readonly service: DescService;
  readonly edit: Edit;
  /** The call that changes; the name of one that is added. */
  readonly call: DescMethod | string;
  /** By whom it is seen: the table of who may call, or a server that fails or is slow on purpose. */
  readonly seen: "table" | "slow" | "failing";
}

const { batchGetProducts, listProducts, listCategories, reserveStock, confirmReservation, releaseReservation } =
  ProductService.method;
const { clearCart } = CartService.method;
const { listImages } = ImageService.method;

/** Ten ways in which a contract changes. */
export const CHANGES: readonly Change[] = [
  {
    what: "a caller is removed",
    service: ProductService,
    call: batchGetProducts,
    edit: policy(batchGetProducts, (it) => (it.callers = it.callers.filter((caller) => caller !== "cart"))),
    seen: "table",
  },
  {
    what: "a caller is added",
    service: ProductService,
    call: reserveStock,
    edit: policy(reserveStock, (it) => it.callers.push("cart")),
    seen: "table",
  },
  {
    what: "the user is raised",
    service: ProductService,
    call: listProducts,
    edit: policy(listProducts, (it) => (it.user = User.SIGNED_IN)),
    seen: "table",
  },
  {
    what: "the user is lowered",
    service: ImageService,
    call: listImages,
    edit: policy(listImages, (it) => (it.user = User.SIGNED_IN)),
    seen: "table",
  },
  {
    what: "an RPC is added",
    service: ProductService,
    call: "GetCategory",
    edit: added(batchGetProducts, "GetCategory", ["api", "edge"]),
    seen: "table",
  },
  {
    what: "an RPC is removed",
    service: ProductService,
    call: listCategories,
    edit: removed(listCategories),
    seen: "table",
  },
  {
    what: "a call is closed to browsers",
    service: CartService,
    call: clearCart,
    edit: policy(clearCart, (it) => (it.callers = ["order"])),
    seen: "table",
  },
  {
    what: "the timeout is shortened",
    service: ProductService,
    call: reserveStock,
    edit: policy(reserveStock, (it) => {
      if (it.timeout !== undefined) it.timeout.seconds = 1n;
    }),
    seen: "slow",
  },
  {
    what: "a unary call becomes a stream",
    service: ProductService,
    call: confirmReservation,
    edit(service) {
      policy(confirmReservation, (it) => delete it.timeout)(service);
      method(confirmReservation, (it) => {
        it.serverStreaming = true;
        if (it.options !== undefined) it.options.idempotencyLevel = Idempotency.IDEMPOTENCY_UNKNOWN;
      })(service);
    },
    seen: "slow",
  },
  {
    what: "a call is not idempotent any more",
    service: ProductService,
    call: releaseReservation,
    edit: method(releaseReservation, (it) => {
      if (it.options !== undefined) it.options.idempotencyLevel = Idempotency.IDEMPOTENCY_UNKNOWN;
    }),
    seen: "failing",
  },
];
