import { CircleAlert, CircleCheck, Info } from "lucide-react";
import type { ReactNode } from "react";
import "./notice.css";

const ICONS = { bad: CircleAlert, warn: CircleAlert, good: CircleCheck, plain: Info };

/** A sentence that matters, where it matters. Bad news is read out at once. */
export function Notice({
  tone = "plain",
  children,
}: {
  readonly tone?: keyof typeof ICONS;
  readonly children: ReactNode;
}) {
  const Icon = ICONS[tone];
  return (
    <div className="notice" data-tone={tone} role={tone === "bad" ? "alert" : "note"} tabIndex={-1}>
      <Icon aria-hidden size={20} />
      <div>{children}</div>
    </div>
  );
}
