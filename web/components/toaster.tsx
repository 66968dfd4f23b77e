import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck } from "lucide-react";
import { createContext, type ReactNode, use, useCallback, useEffect, useState } from "react";
import "./toaster.css";

const SHOWN_MS = 6000;

/** A short message at the edge of the page. */
export interface Toast {
  readonly text: string;
  readonly tone: "good" | "bad";
  readonly link?: { readonly to: "/cart" | "/orders"; readonly label: string };
}

const ToastContext = createContext<(toast: Toast) => void>(() => {});

/** Shows a short message that goes by itself. */
export const useToast = () => use(ToastContext);

/** Where short messages appear: one at a time, read out by screen readers. */
export function Toaster({ children }: { readonly children: ReactNode }) {
  const [shown, setShown] = useState<{ toast: Toast; key: number }>();
  const show = useCallback((toast: Toast) => setShown({ toast, key: performance.now() }), []);

  useEffect(() => {
    if (!shown) return;
    const timer = setTimeout(() => setShown(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shown]);

  return (
    <ToastContext value={show}>
      {children}
      <div className="toaster" role="status">
        {shown && <ToastView key={shown.key} toast={shown.toast} onDone={() => setShown(undefined)} />}
      </div>
    </ToastContext>
  );
}

function ToastView({ toast, onDone }: { readonly toast: Toast; readonly onDone: () => void }) {
  const Icon = toast.tone === "good" ? CircleCheck : CircleAlert;
  return (
    <div className="toast" data-tone={toast.tone}>
      <Icon aria-hidden size={20} />
      <span>{toast.text}</span>
      {toast.link && (
        <Link to={toast.link.to} onClick={onDone}>
          {toast.link.label}
        </Link>
      )}
    </div>
  );
}
