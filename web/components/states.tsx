import type { LucideIcon } from "lucide-react";
import { RotateCw, Unplug } from "lucide-react";
import type { ReactNode } from "react";
import { problemOf } from "../lib/errors.ts";
import "./states.css";

interface FailureProps {
  readonly error: unknown;
  readonly onRetry: () => void;
  readonly title?: string;
}

/** What a page or a part of one shows instead of what could not be loaded. */
export function Failure({ error, onRetry, title = "This did not load" }: FailureProps) {
  const { sentence, known, requestId } = problemOf(error);
  return (
    <div className="state" role="alert">
      <Unplug aria-hidden size={36} strokeWidth={1.5} />
      <h2>{title}</h2>
      <p className="soft">{sentence}</p>
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
