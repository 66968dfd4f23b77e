import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyFn,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { PageSkeleton } from "./components/skeleton.tsx";
import type { RouterContext } from "./lib/page-data.ts";
import { catalogueSearch, parseSearch, safeRedirect, stringifySearch } from "./lib/search-params.ts";
import { NotFound } from "./routes/not-found.tsx";
import { PageFailure, Shell } from "./routes/root.tsx";

/** How long the page before stays while the next one gets ready, in milliseconds. */
const PENDING_AFTER_MS = 300;

const root = createRootRouteWithContext<RouterContext>()({ component: Shell, notFoundComponent: NotFound });
const getParentRoute = () => root;

const pageParam = (raw: Record<string, unknown>): { page?: string | undefined } => {
  const { page } = catalogueSearch(raw);
  return page === undefined ? {} : { page };
};
const redirectParam = (raw: Record<string, unknown>): { redirect?: string | undefined } => {
  const redirect = safeRedirect(raw.redirect);
  return redirect === undefined ? {} : { redirect };
};

/*
 * The addresses of the shop. Each leads to one file that holds what the page loads and shows, fetched when somebody goes
 * there or points at a link to it.
 */
const homeFile = () => import("./routes/home.tsx");
const home = createRoute({
  getParentRoute,
  path: "/",
  loader: lazyFn(homeFile, "load"),
  component: lazyRouteComponent(homeFile, "View"),
});

const productsFile = () => import("./routes/products.tsx");
const products = createRoute({
  getParentRoute,
  path: "/products",
  validateSearch: catalogueSearch,
  loaderDeps: ({ search }) => search,
  loader: lazyFn(productsFile, "load"),
  component: lazyRouteComponent(productsFile, "View"),
});

const productFile = () => import("./routes/product.tsx");
const product = createRoute({
  getParentRoute,
  path: "/products/$productId",
  loader: lazyFn(productFile, "load"),
  component: lazyRouteComponent(productFile, "View"),
});

const cart = createRoute({
  getParentRoute,
  path: "/cart",
  component: lazyRouteComponent(() => import("./routes/cart.tsx"), "View"),
});

const checkout = createRoute({
  getParentRoute,
  path: "/checkout",
  component: lazyRouteComponent(() => import("./routes/checkout.tsx"), "View"),
});

const ordersFile = () => import("./routes/orders.tsx");
const orders = createRoute({
  getParentRoute,
  path: "/orders",
  validateSearch: pageParam,
  loaderDeps: ({ search }) => search,
  loader: lazyFn(ordersFile, "load"),
  component: lazyRouteComponent(ordersFile, "View"),
});

const orderFile = () => import("./routes/order.tsx");
const order = createRoute({
  getParentRoute,
  path: "/orders/$orderId",
  loader: lazyFn(orderFile, "load"),
  component: lazyRouteComponent(orderFile, "View"),
});

const signIn = createRoute({
  getParentRoute,
  path: "/sign-in",
  validateSearch: redirectParam,
  component: lazyRouteComponent(() => import("./routes/sign-in.tsx"), "View"),
});

const signUp = createRoute({
  getParentRoute,
  path: "/sign-up",
  validateSearch: redirectParam,
  component: lazyRouteComponent(() => import("./routes/sign-up.tsx"), "View"),
});

const profile = createRoute({
  getParentRoute,
  path: "/profile",
  component: lazyRouteComponent(() => import("./routes/profile.tsx"), "View"),
});

const status = createRoute({
  getParentRoute,
  path: "/status",
  component: lazyRouteComponent(() => import("./routes/status.tsx"), "View"),
});

/** Finds the page for an address. */
export function createShopRouter(context: RouterContext) {
  return createRouter({
    routeTree: root.addChildren([
      home,
      products,
      product,
      cart,
      checkout,
      orders,
      order,
      signIn,
      signUp,
      profile,
      status,
    ]),
    context,
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    // What was fetched is kept by the query client, which knows how fresh it is.
    defaultPreloadStaleTime: 0,
    defaultPendingMs: PENDING_AFTER_MS,
    defaultPendingMinMs: 0,
    defaultPendingComponent: PageSkeleton,
    defaultErrorComponent: PageFailure,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createShopRouter>;
  }
}
