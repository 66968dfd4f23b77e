import { useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import { useSessionState } from "../lib/session-context.tsx";
import "./enter-page.css";

interface EnterPageProps {
  readonly title: string;
  /** Where somebody goes who is signed in already. */
  readonly redirect: string;
  /** Whether the form is on its way, which goes on by itself. */
  readonly busy: boolean;
  readonly children: ReactNode;
}

/** The frame of signing in and signing up. */
export function EnterPage({ title, redirect, busy, children }: EnterPageProps) {
  const { phase } = useSessionState();
  const router = useRouter();
  const isDone = phase === "signed-in" && !busy;
  useEffect(() => {
    if (isDone) router.history.replace(redirect);
  }, [isDone, redirect, router]);
  return (
    <div className="page page-narrow enter">
      <h1>{title}</h1>
      {children}
    </div>
  );
}
