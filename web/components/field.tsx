import { CircleAlert } from "lucide-react";
import { type ComponentProps, type ReactNode, useId } from "react";
import "./field.css";

interface FieldProps {
  readonly label: string;
  readonly error: string | undefined;
  readonly hint?: string;
}

/** A labelled input that says what is wrong with it. */
export function TextField({ label, error, hint, ...input }: FieldProps & ComponentProps<"input">) {
  const id = useId();
  return (
    <FieldFrame id={id} label={label} error={error} {...(hint && { hint })}>
      <input id={id} {...input} {...describedBy(id, error, hint)} />
    </FieldFrame>
  );
}

/** A labelled choice that says what is wrong with it. */
export function SelectField({ label, error, hint, ...select }: FieldProps & ComponentProps<"select">) {
  const id = useId();
  return (
    <FieldFrame id={id} label={label} error={error} {...(hint && { hint })}>
      <select id={id} {...select} {...describedBy(id, error, hint)} />
    </FieldFrame>
  );
}

function describedBy(id: string, error: string | undefined, hint: string | undefined) {
  const notes = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ");
  return { "aria-invalid": error !== undefined, ...(notes && { "aria-describedby": notes }) };
}

function FieldFrame({
  id,
  label,
  error,
  hint,
  children,
}: FieldProps & { readonly id: string; readonly children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {error && (
        <p id={`${id}-error`} className="field-error">
          <CircleAlert aria-hidden size={15} /> {error}
        </p>
      )}
      {hint && !error && (
        <p id={`${id}-hint`} className="field-hint">
          {hint}
        </p>
      )}
    </div>
  );
}
