import { Minus, Plus } from "lucide-react";
import { useState } from "react";
import "./quantity.css";

const MAX_DIGITS = 4;

interface QuantityProps {
  readonly value: number;
  /** The most that can be had. */
  readonly max: number;
  /** Why there is no more: "Only 24 left". */
  readonly limit: string;
  /** What is counted, for those who cannot see it. */
  readonly of: string;
  readonly onChange: (value: number) => void;
}

/** Chooses a number of items. A typed number that cannot be is corrected, and the correction said. */
export function Quantity({ value, max, limit, of, onChange }: QuantityProps) {
  // What is being typed; it may be empty or 0 for a moment.
  const [typed, setTyped] = useState<string>();
  const [note, setNote] = useState("");
  const most = Math.max(max, 1);

  function set(wanted: number, correction = ""): void {
    setNote(correction);
    if (wanted !== value) onChange(wanted);
  }

  function type(text: string): void {
    const digits = text.replace(/\D/g, "").slice(0, MAX_DIGITS);
    const wanted = Number(digits);
    setTyped(wanted > most ? String(most) : digits);
    if (wanted > most) set(most, `${limit}, so we set it to ${most}.`);
    else if (wanted >= 1) set(wanted);
  }

  function finish(): void {
    if (typed !== undefined && typed !== "" && Number(typed) === 0) {
      set(1, "The least you can order is 1, so we set it to 1.");
    }
    setTyped(undefined);
  }

  function step(by: number): void {
    setTyped(undefined);
    set(Math.min(Math.max(value + by, 1), most));
  }

  return (
    <div>
      <fieldset className="quantity" aria-label={`Quantity of ${of}`}>
        <button type="button" aria-label="One less" disabled={value <= 1} onClick={() => step(-1)}>
          <Minus aria-hidden size={17} />
        </button>
        <input
          aria-label="Quantity"
          inputMode="numeric"
          autoComplete="off"
          value={typed ?? value}
          onChange={(event) => type(event.target.value)}
          onBlur={finish}
          onKeyDown={(event) => event.key === "Enter" && finish()}
          onFocus={(event) => event.target.select()}
        />
        <button type="button" aria-label="One more" disabled={value >= max} onClick={() => step(1)}>
          <Plus aria-hidden size={17} />
        </button>
      </fieldset>
      <p className="quantity-note" role="status">
        {note}
      </p>
    </div>
  );
}
