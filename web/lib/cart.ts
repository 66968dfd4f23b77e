import { create, type DescMethodUnary, type MessageInitShape } from "@bufbuild/protobuf";
import { callUnaryMethod, createConnectQueryKey, useQuery, useTransport } from "@connectrpc/connect-query";
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import type { Cart } from "#gen/shop/cart/v1/cart_pb.js";
import {
  type AddItemRequestSchema,
  type AddItemResponseSchema,
  CartService,
  GetCartResponseSchema,
  type UpdateItemRequestSchema,
  type UpdateItemResponseSchema,
} from "#gen/shop/cart/v1/cart_service_pb.js";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import { useToast } from "../components/toaster.tsx";
import { isUnpriced, withAdded, withQuantity } from "./cart-change.ts";
import { isUnreachable, sentenceOf } from "./errors.ts";
import { newRequestId } from "./request-id.ts";
import { retries } from "./retry.ts";
import { useSessionState } from "./session-context.tsx";

const { getCart, addItem, updateItem } = CartService.method;
const UNCHANGED = "Your cart could not be changed.";
const MUTATIONS = ["cart"];
/** How often a cart without prices is asked for again. */
const UNPRICED_PAUSE_MS = 5_000;

/** The cart of whoever is there. Somebody without a token has none, and none is made just to look. */
export function useCart() {
  const { phase } = useSessionState();
  const enabled = phase === "guest" || phase === "signed-in";
  const query = useQuery(
    getCart,
    {},
    { enabled, refetchInterval: ({ state }) => (isUnpriced(state.data?.cart) ? UNPRICED_PAUSE_MS : false) },
  );
  const isLoading = phase === "starting" || (enabled && query.isPending);
  return { cart: query.data?.cart, isLoading, error: enabled ? query.error : null, refetch: query.refetch };
}

function useCartKey() {
  return createConnectQueryKey({ schema: getCart, transport: useTransport(), input: {}, cardinality: "finite" });
}

/** Shows a cart that a call answered. */
export function useShowCart() {
  const queryClient = useQueryClient();
  const key = useCartKey();
  return (cart: Cart | undefined) => showCart(queryClient, key, cart);
}

function showCart(queryClient: QueryClient, key: ReturnType<typeof useCartKey>, cart: Cart | undefined) {
  queryClient.setQueryData(key, cart && create(GetCartResponseSchema, { cart }));
}

/** A change of the cart that shows at once, and is taken back where the shop refuses it. */
function useCartChange<I extends typeof AddItemRequestSchema | typeof UpdateItemRequestSchema, Subject>(
  method: DescMethodUnary<I, typeof AddItemResponseSchema | typeof UpdateItemResponseSchema>,
  inputOf: (subject: Subject) => MessageInitShape<I>,
  change: (cart: Cart | undefined, subject: Subject) => Cart,
) {
  const queryClient = useQueryClient();
  const transport = useTransport();
  const toast = useToast();
  const key = useCartKey();
  // While other changes are on their way, an answer is older than what is shown.
  const isLast = () => queryClient.isMutating({ mutationKey: MUTATIONS }) === 1;
  return useMutation({
    mutationKey: MUTATIONS,
    scope: { id: "cart" },
    mutationFn: (subject: Subject) => callUnaryMethod(transport, method, inputOf(subject)),
    ...retries,
    async onMutate(subject) {
      await queryClient.cancelQueries({ queryKey: key });
      const before = queryClient.getQueryData(key)?.cart;
      showCart(queryClient, key, change(before, subject));
      return { before };
    },
    onSuccess(answer) {
      if (isLast()) showCart(queryClient, key, answer.cart);
    },
    onError(error, _, context) {
      toast({ text: isUnreachable(error) ? `${UNCHANGED} ${sentenceOf(error)}` : sentenceOf(error), tone: "bad" });
      if (!isLast()) return;
      // A cart that was not known before is forgotten again; writing nothing in its place would leave the one that was hoped for.
      if (context?.before === undefined) return void queryClient.resetQueries({ queryKey: key, exact: true });
      showCart(queryClient, key, context.before);
      void queryClient.invalidateQueries({ queryKey: key });
    },
  });
}

/** What is put into the cart. The request id makes a repeated call add nothing. */
interface Addition {
  readonly product: Product;
  readonly quantity: number;
  readonly requestId: string;
}

/** Puts pieces of a product into the cart. */
export function useAddToCart() {
  const toast = useToast();
  const { mutate } = useCartChange(
    addItem,
    ({ product, quantity, requestId }: Addition) => ({ productId: product.productId, quantity, requestId }),
    (cart, { product, quantity }) => withAdded(cart, product, quantity),
  );
  return (product: Product, quantity: number) => {
    mutate({ product, quantity, requestId: newRequestId() });
    toast({ text: `${product.name} is in your cart.`, tone: "good", link: { to: "/cart", label: "View cart" } });
  };
}

/** Sets how many pieces of a product are in the cart; 0 takes it out. */
export function useSetQuantity() {
  const { mutate } = useCartChange(
    updateItem,
    (line: { readonly productId: string; readonly quantity: number }) => line,
    (cart, { productId, quantity }) => withQuantity(cart, productId, quantity),
  );
  return (productId: string, quantity: number) => mutate({ productId, quantity });
}
