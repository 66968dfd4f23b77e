import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import { useMutation } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { useToast } from "../components/toaster.tsx";
import { useShowCart } from "./cart.ts";

/** Signs in or up by the call given, brings a guest's cart along, and goes on to where somebody wanted to go. */
export function useEnter<Input>(call: (input: Input) => Promise<{ guestToken: string | undefined }>, redirect = "/") {
  const cart = createClient(CartService, useTransport());
  const showCart = useShowCart();
  const router = useRouter();
  const toast = useToast();
  return useMutation({
    mutationFn: call,
    async onSuccess({ guestToken }) {
      if (guestToken !== undefined) {
        try {
          showCart((await cart.mergeCart({ guestToken })).cart);
        } catch {
          // Somebody who has signed in is not sent away because of the cart.
          toast({ text: "What you had in the cart as a guest could not be brought along.", tone: "bad" });
        }
      }
      router.history.replace(redirect);
    },
  });
}
