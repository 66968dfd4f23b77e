import type { LucideIcon } from "lucide-react";
import { RotateCw, Unplug } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { isUnreachable, problemOf } from "../lib/errors.ts";
import "./states.css";

interface FailureProps {
  readonly error: unknown;
  readonly onRetry: () => void;
  readonly title?: string;
  /** Whether only somebody who presses the button tries again. */
  readonly manual?: boolean;
  /** What is worth knowing besides. */
  readonly children?: ReactNode;
}

const FIRST_PAUSE_MS = 4_000;
const LONGEST_PAUSE_MS = 30_000;

/** Tries again by itself, ever more seldom, while somebody looks: what is away comes back. */
function useComeback(error: unknown, onRetry: (() => void) | undefined): void {
  const tries = useRef(0);
  const retry = useRef(onRetry);
  retry.current = onRetry;
  useEffect(() => {
    if (!isUnreachable(error)) return;
    const over = new AbortController();
    const again = () => {
      tries.current += 1;
      retry.current?.();
    };
    const timer = setTimeout(
      () => {
        if (!document.hidden) again();
        else document.addEventListener("visibilitychange", again, { once: true, signal: over.signal });
      },
      Math.min(FIRST_PAUSE_MS * 2 ** tries.current, LONGEST_PAUSE_MS),
    );
    return () => {
      clearTimeout(timer);
      over.abort();
    };
  }, [error]);
}

/** What a page or a part of one shows instead of what could not be loaded. */
export function Failure({ error, onRetry, title = "This did not load", manual = false, children }: FailureProps) {
  const { sentence, known, requestId } = problemOf(error);
  useComeback(error, manual ? undefined : onRetry);
  return (
    <div className="state" role="alert">
      <Unplug aria-hidden size={36} strokeWidth={1.5} />
      <h2>{title}</h2>
      <p className="soft">
        {sentence}
        {!manual && isUnreachable(error) && " This page tries again by itself, too."}
      </p>
      {children}
      <button type="button" className="button" data-look="quiet" onClick={onRetry}>
        <RotateCw aria-hidden size={18} /> Try again
      </button>
      {!known && requestId && <p className="state-id soft">Request {requestId}</p>}
    </div>
  );
}

interface EmptyProps {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children?: ReactNode;
}

/** What a page shows when there is nothing to show. */
export function Empty({ icon: Icon, title, children }: EmptyProps) {
  return (
    <div className="state">
      <Icon aria-hidden size={36} strokeWidth={1.5} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}
