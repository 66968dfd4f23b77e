import { createClient } from "@connectrpc/connect";
import { useTransport } from "@connectrpc/connect-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import type { Product } from "#gen/shop/product/v1/product_pb.js";
import { ProductService } from "#gen/shop/product/v1/product_service_pb.js";
import { browserWakeups, follow } from "./live.ts";

/** Products that can be watched at once, as the contract has it. */
const WATCHED_MAX = 50;

const onVisibility = (notify: () => void) => {
  document.addEventListener("visibilitychange", notify);
  return () => document.removeEventListener("visibilitychange", notify);
};
const isVisible = () => document.visibilityState === "visible";

/**
 * The products with the pieces that are left at this moment. Only a page that somebody looks at is kept up to date: every
 * stream takes one of the six connections that a browser has to a shop without HTTP/2, whatever the number of its tabs.
 */
export function useLiveStock(products: readonly Product[]): readonly Product[] {
  const transport = useTransport();
  const visible = useSyncExternalStore(onVisibility, isVisible);
  const [stocks, setStocks] = useState<ReadonlyMap<string, number>>(new Map());
  const ids = [...new Set(products.map((it) => it.productId))].slice(0, WATCHED_MAX).join(" ");

  useEffect(() => {
    if (!visible || ids === "") return;
    const client = createClient(ProductService, transport);
    return follow({
      open: (signal) => client.watchStock({ productIds: ids.split(" ") }, { signal }),
      onMessage({ levels }) {
        setStocks((known) => new Map([...known, ...levels.map((it) => [it.productId, it.stock] as const)]));
      },
      // Without it the page stands as it was loaded, which is no reason to say anything.
      onState: () => {},
      isOver: () => false,
      wakeups: browserWakeups(),
    });
  }, [visible, ids, transport]);

  return products.map((it) => ({ ...it, stock: stocks.get(it.productId) ?? it.stock }));
}
