import type { DescEnum } from "@bufbuild/protobuf";
import { ErrorReason as Auth, ErrorReasonSchema as AuthSchema } from "#gen/shop/auth/v1/error_reason_pb.js";
import { ErrorReason as Cart, ErrorReasonSchema as CartSchema } from "#gen/shop/cart/v1/error_reason_pb.js";
import { ErrorReason as Mesh, ErrorReasonSchema as MeshSchema } from "#gen/shop/mesh/v1/error_reason_pb.js";
import { ErrorReason as Order, ErrorReasonSchema as OrderSchema } from "#gen/shop/order/v1/error_reason_pb.js";
import { ErrorReason as Product, ErrorReasonSchema as ProductSchema } from "#gen/shop/product/v1/error_reason_pb.js";

/** Says a failure in words, with what its metadata names. */
type Sentence = (metadata: Readonly<Record<string, string>>, retryAfterMs: number | undefined) => string;

/** The failures of the contracts in words, by "domain/REASON". */
export const sentences: ReadonlyMap<string, Sentence> = new Map([
  ...said<Mesh>(MeshSchema, {
    [Mesh.INVALID_INPUT]: () => "Some of this is not quite right. Please check the marked fields.",
    [Mesh.TOKEN_MISSING]: () => "Please sign in to go on.",
    [Mesh.TOKEN_INVALID]: () => "Your session has ended. Please sign in again.",
    [Mesh.USER_NOT_ALLOWED]: () => "Your account may not do this.",
    [Mesh.RATE_LIMITED]: (_, ms) => `That was a little fast. Please try again ${inTime(ms)}.`,
    [Mesh.DEADLINE_EXCEEDED]: () => "The shop is taking longer than it should. Please try again.",
    [Mesh.DEPENDENCY_UNAVAILABLE]: () => "A part of the shop is away for a moment. Please try again.",
    [Mesh.MESSAGE_TOO_LARGE]: () => "This is larger than the shop can take.",
    [Mesh.OVERLOADED]: (_, ms) => `The shop is very busy just now. Please try again ${inTime(ms)}.`,
    [Mesh.SHUTTING_DOWN]: () => "A part of the shop is restarting. Please try again.",
  }),
  ...said<Auth>(AuthSchema, {
    [Auth.CREDENTIALS_INVALID]: () => "This e-mail address and password do not belong together.",
    [Auth.LOCKED_OUT]: (_, ms) => `Too many attempts. Please try again ${inTime(ms)}.`,
    [Auth.EMAIL_TAKEN]: () => "There is an account with this e-mail address already. Sign in instead?",
    [Auth.SESSION_ENDED]: () => "Your session has ended. Please sign in again.",
    [Auth.ETAG_MISMATCH]: () => "Your profile was changed somewhere else meanwhile. Please look again.",
  }),
  ...said<Product>(ProductSchema, {
    [Product.PRODUCT_NOT_FOUND]: () => "We do not sell this, or not any more.",
    [Product.CATEGORY_NOT_FOUND]: () => "There is no such category.",
    [Product.PAGE_TOKEN_INVALID]: () => "This page of the list is gone. Please start from the first.",
  }),
  ...said<Cart>(CartSchema, {
    [Cart.PRODUCT_NOT_FOUND]: () => "We do not sell this any more.",
    [Cart.QUANTITY_LIMIT]: ({ limit }) => `You can have ${limit ?? "no more"} of this in your cart, not more.`,
    [Cart.CART_FULL]: ({ limit }) => `Your cart is full: it holds ${limit ?? "only so many"} different products.`,
  }),
  ...said<Order>(OrderSchema, {
    [Order.ORDER_NOT_FOUND]: () => "There is no such order in your account.",
    [Order.CART_EMPTY]: () => "Your cart is empty.",
    [Order.OUT_OF_STOCK]: () =>
      "Somebody was faster: there are fewer items left than you ordered. Nothing was charged.",
    [Order.PAYMENT_DECLINED]: ({ decline_code }) => `${declined(decline_code)} Nothing was charged.`,
    [Order.PAYMENT_FAILED]: () => "The payment provider could not be reached. Nothing was charged; please try again.",
    [Order.PRICE_CHANGED]: () =>
      "A price changed while you were shopping. Nothing was charged; please check the new total.",
    [Order.CARD_INVALID]: () => "This card cannot be used. Please check what you entered.",
    [Order.STATUS_CONFLICT]: () => "This order has moved on meanwhile, so this is no longer possible.",
    [Order.PAGE_TOKEN_INVALID]: () => "This page of the list is gone. Please start from the first.",
    [Order.CANCELLED]: () => "This order was cancelled before it was paid. Nothing was charged.",
    [Order.REQUEST_ID_REUSED]: () => "This purchase was made already. You find it among your orders.",
  }),
]);

const DECLINES: Readonly<Record<string, string>> = {
  insufficient_funds: "There is not enough money on this card.",
  expired_card: "This card has expired.",
  incorrect_cvc: "The security code is not right.",
  lost_card: "Your bank declined this card. Please use another.",
  stolen_card: "Your bank declined this card. Please use another.",
  processing_error: "Your bank could not process the payment. Please try again.",
};

/** Why a bank said no, in words. */
export function declined(code: string | undefined): string {
  const known = code !== undefined && Object.hasOwn(DECLINES, code) ? DECLINES[code] : undefined;
  return known ?? "Your bank declined the payment. Please try another card.";
}

/** The domain of a contract's reasons: its package without the version. */
export function domainOf(schema: DescEnum): string {
  return schema.file.proto.package.replace(/\.v\d+$/, "");
}

function said<Reason extends number>(
  schema: DescEnum,
  table: Partial<Record<Reason, Sentence>>,
): (readonly [string, Sentence])[] {
  const domain = domainOf(schema);
  return Object.entries<Sentence | undefined>(table).flatMap(([number, sentence]) => {
    const reason = schema.value[Number(number)]?.localName;
    return reason !== undefined && sentence ? [[`${domain}/${reason}`, sentence] as const] : [];
  });
}

function inTime(ms: number | undefined): string {
  if (ms === undefined) return "in a moment";
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  return seconds < 90
    ? `in ${seconds} ${seconds === 1 ? "second" : "seconds"}`
    : `in ${Math.ceil(seconds / 60)} minutes`;
}
