import { useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useSessionState } from "../lib/session-context.tsx";
import { PageSkeleton } from "./skeleton.tsx";

/** A page for people with an account; others sign in first and come back. */
export function AccountOnly({ children }: { readonly children: ReactNode }) {
  const { phase } = useSessionState();
  if (phase === "starting") return <PageSkeleton />;
  return phase === "signed-in" ? children : <ToSignIn />;
}

function ToSignIn() {
  const router = useRouter();
  useEffect(() => {
    void router.navigate({ to: "/sign-in", search: { redirect: router.state.location.href }, replace: true });
  }, [router]);
  return <PageSkeleton />;
}
