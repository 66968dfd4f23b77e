// The web shop: puts session, transport, cache and routes together and shows them in the page.
import { createConnectQueryKey, TransportProvider } from "@connectrpc/connect-query";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { CartService } from "#gen/shop/cart/v1/cart_service_pb.js";
import { OrderService } from "#gen/shop/order/v1/order_service_pb.js";
import { createFlags } from "./lib/flags.ts";
import { createPrefetch } from "./lib/page-data.ts";
import { retries } from "./lib/retry.ts";
import { createSession } from "./lib/session.ts";
import { SessionProvider } from "./lib/session-context.tsx";
import { createOpenTransport, createShopTransport } from "./lib/transport.ts";
import { createShopRouter } from "./router.tsx";
import "./styles/index.css";

const FRESH_MS = 30_000;

function start(element: HTMLElement): void {
  const session = createSession({
    transport: createOpenTransport(location.origin),
    flags: createFlags(() => localStorage),
    locks: navigator.locks,
    channel: typeof BroadcastChannel === "function" ? new BroadcastChannel("shopmesh-session") : undefined,
  });
  const transport = createShopTransport(location.origin, session);
  const queryClient = new QueryClient({
    defaultOptions: {
      // A call without a network fails, and the page says so, instead of waiting without a word.
      queries: {
        staleTime: FRESH_MS,
        networkMode: "always",
        // The route has just tried; the page shows what came of it.
        retryOnMount: false,
        ...retries,
      },
      mutations: { networkMode: "always" },
    },
  });

  // What belongs to somebody is forgotten when somebody else is there.
  let userId: string | undefined;
  session.subscribe(() => {
    const now = session.state().user?.userId;
    if (userId !== undefined && now !== userId) {
      for (const schema of [CartService, OrderService]) {
        const queryKey = createConnectQueryKey({ schema, transport, cardinality: undefined });
        // Where nobody is left, asking again would only make a guest of them.
        if (now === undefined) for (const query of queryClient.getQueryCache().findAll({ queryKey })) query.reset();
        else void queryClient.resetQueries({ queryKey });
      }
    }
    userId = now;
  });
  void session.start();

  const router = createShopRouter({ prefetch: createPrefetch(queryClient, transport, session) });
  createRoot(element).render(
    <StrictMode>
      <SessionProvider value={session}>
        <TransportProvider transport={transport}>
          <QueryClientProvider client={queryClient}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </TransportProvider>
      </SessionProvider>
    </StrictMode>,
  );
}

const element = document.getElementById("root");
if (element) start(element);
