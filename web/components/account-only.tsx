import { useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useSessionState } from "../lib/session-context.tsx";
import { PageSkeleton } from "./skeleton.tsx";

const SIGN_IN = "/sign-in";

/** A page for people with an account; others sign in first and come back. */
export function AccountOnly({ children }: { readonly children: ReactNode }) {
  const { phase } = useSessionState();
  if (phase === "starting") return <PageSkeleton />;
  return phase === "signed-in" ? children : <ToSignIn />;
}

function ToSignIn() {
  const router = useRouter();
  useEffect(() => {
    const { pathname, href } = router.state.location;
    // While the next page is fetched this one may be shown again.
    if (pathname !== SIGN_IN) void router.navigate({ to: SIGN_IN, search: { redirect: href }, replace: true });
  }, [router]);
  return <PageSkeleton />;
}
