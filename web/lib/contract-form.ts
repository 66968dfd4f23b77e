import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { type ChangeEvent, useEffect, useRef, useState } from "react";
import type { Problem } from "./errors.ts";
import type { FieldFault } from "./validator.ts";

/** What people typed, by field. */
type Values = Record<string, string>;
type Errors<V extends Values> = Partial<Record<keyof V, string>>;

/** How a form stands to the message it fills. */
export interface ContractFormOptions<Desc extends DescMessage, V extends Values> {
  readonly initial: V;
  /** The message that the values make. */
  readonly toMessage: (values: V) => MessageInitShape<Desc>;
  /** What to say instead of the rule's own words, by field. */
  readonly hints?: Errors<V>;
  /** Inputs that fill several fields of the message, by the message's field. */
  readonly inputOf?: Readonly<Record<string, keyof V & string>>;
}

const EMPTY = "Please fill this in.";

/** A form that obeys the rules of a contract, the same ones that the service checks. */
export function useContractForm<Desc extends DescMessage, V extends Values>(
  schema: Desc,
  { initial, toMessage, hints = {}, inputOf = {} }: ContractFormOptions<Desc, V>,
) {
  const [values, setValues] = useState(initial);
  const [errors, setErrors] = useState<Errors<V>>({});
  const isTyped = useRef(false);
  const touched = useRef(new Set<string>());
  const checker = useRef<Promise<ReturnType<typeof import("./validator.ts").createChecker>>>(undefined);
  const loadChecker = () => (checker.current ??= import("./validator.ts").then((module) => module.createChecker()));
  // biome-ignore lint/correctness/useExhaustiveDependencies: fetched once, when the form appears
  useEffect(() => void loadChecker(), []);

  function errorsOf(faults: readonly FieldFault[], typed: V): Errors<V> {
    const found: Errors<V> = {};
    for (const { field, message } of faults) {
      const input: keyof V = inputOf[field] ?? field;
      if (!(input in typed) || found[input]) continue;
      found[input] = typed[input]?.trim() === "" ? EMPTY : (hints[input] ?? sentence(message));
    }
    return found;
  }

  async function check(typed: V): Promise<Errors<V>> {
    const faults = (await loadChecker())(schema, create(schema, toMessage(typed)));
    return errorsOf(faults, typed);
  }

  async function showTouched(typed: V): Promise<void> {
    const found = await check(typed);
    setErrors(Object.fromEntries(Object.entries(found).filter(([name]) => touched.current.has(name))) as Errors<V>);
  }

  function setValue(name: keyof V & string, value: string): void {
    isTyped.current = true;
    const next = { ...values, [name]: value };
    setValues(next);
    // While somebody types, an error may go but none comes.
    if (errors[name]) void showTouched(next);
  }

  return {
    values,
    setValue,
    /** Fills the form with what is known of somebody, unless they have typed anything. */
    prefill(known: V): void {
      if (!isTyped.current) setValues(known);
    },
    /** What an input needs to be this field. */
    field(name: keyof V & string) {
      return {
        name,
        value: values[name] ?? "",
        error: errors[name],
        onChange: (event: ChangeEvent<HTMLInputElement | HTMLSelectElement>) => setValue(name, event.target.value),
        onBlur: () => {
          if (values[name] === "") return;
          touched.current.add(name);
          void showTouched(values);
        },
      };
    },
    /** The message, or undefined when a rule is broken; the fields then say which. */
    async validate(): Promise<MessageShape<Desc> | undefined> {
      for (const name of Object.keys(values)) touched.current.add(name);
      const found = await check(values);
      setErrors(found);
      return Object.keys(found).length === 0 ? create(schema, toMessage(values)) : undefined;
    },
    /** Shows what the service found wrong. Returns whether any of it belongs to this form. */
    refuse({ violations }: Problem): boolean {
      const faults = violations.map(({ field, description }) => ({ field: localName(field), message: description }));
      const found = errorsOf(faults, values);
      setErrors((shown) => ({ ...shown, ...found }));
      return Object.keys(found).length > 0;
    },
  };
}

/** Puts the cursor into the first field that is wrong, once the page shows it. */
export function focusFirstError(form: HTMLElement | null): void {
  setTimeout(() => form?.querySelector<HTMLElement>("[aria-invalid='true']")?.focus());
}

/** "shipping_address.postal_code" → "postalCode" */
function localName(path: string): string {
  const last = path.split(".").at(-1) ?? "";
  return last.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? "" : "."}`;
}
