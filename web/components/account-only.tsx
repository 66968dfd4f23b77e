import { Navigate, useRouterState } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSessionState } from "../lib/session-context.tsx";
import { PageSkeleton } from "./skeleton.tsx";

/** A page for people with an account; others sign in first and come back. */
export function AccountOnly({ children }: { readonly children: ReactNode }) {
  const { phase } = useSessionState();
  const here = useRouterState({ select: ({ location }) => location.href });
  if (phase === "starting") return <PageSkeleton />;
  if (phase !== "signed-in") return <Navigate to="/sign-in" search={{ redirect: here }} replace />;
  return children;
}
