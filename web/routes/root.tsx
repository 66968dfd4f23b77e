import { Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { SiteFooter } from "../components/site-footer.tsx";
import { SiteHeader } from "../components/site-header.tsx";
import { Failure } from "../components/states.tsx";
import { Toaster } from "../components/toaster.tsx";

/** What surrounds every page. */
export function Shell() {
  const path = useRouterState({ select: ({ resolvedLocation }) => resolvedLocation?.pathname });
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);

  // A new page is read from its beginning, unless somebody is typing a search.
  useEffect(() => {
    const isNew = shown.current !== undefined && shown.current !== path;
    shown.current = path;
    if (isNew && !(document.activeElement instanceof HTMLInputElement)) main.current?.focus({ preventScroll: true });
  }, [path]);

  return (
    <Toaster>
      <SiteHeader />
      <main id="main" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
      <SiteFooter />
    </Toaster>
  );
}

/** What a page shows instead of itself when its code breaks or cannot be fetched. */
export function PageFailure({ error, reset }: { readonly error: unknown; readonly reset: () => void }) {
  const router = useRouter();
  function retry() {
    // A file that failed to load is not always asked for again; a new start of the page asks for all of them.
    if (navigator.onLine) return location.reload();
    reset();
    void router.invalidate();
  }
  return (
    <div className="page">
      <Failure error={error} onRetry={retry} title="This page did not load" manual />
    </div>
  );
}
