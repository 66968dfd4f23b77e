import { Minus, Plus } from "lucide-react";
import "./quantity.css";

interface QuantityProps {
  readonly value: number;
  /** The most that can be had. */
  readonly max: number;
  /** What is counted, for those who cannot see it. */
  readonly of: string;
  readonly onChange: (value: number) => void;
}

/** Chooses a number of pieces. */
export function Quantity({ value, max, of, onChange }: QuantityProps) {
  const set = (wanted: number) => onChange(Math.min(Math.max(Math.trunc(wanted) || 1, 1), Math.max(max, 1)));
  return (
    <fieldset className="quantity" aria-label={`Quantity of ${of}`}>
      <button type="button" aria-label="One less" disabled={value <= 1} onClick={() => set(value - 1)}>
        <Minus aria-hidden size={17} />
      </button>
      <input
        aria-label="Quantity"
        inputMode="numeric"
        autoComplete="off"
        value={value}
        onChange={(event) => set(Number(event.target.value.replace(/\D/g, "").slice(0, 2)))}
        onFocus={(event) => event.target.select()}
      />
      <button type="button" aria-label="One more" disabled={value >= max} onClick={() => set(value + 1)}>
        <Plus aria-hidden size={17} />
      </button>
    </fieldset>
  );
}
