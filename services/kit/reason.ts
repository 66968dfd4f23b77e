/** What an error says, in a line for the log and for readiness: its message, or its code where it has none. */
export function reasonOf(error: unknown): string {
  // Where a name has several addresses, what failed at each is inside.
  const inner = error instanceof AggregateError && error.message === "" ? error.errors[0] : error;
  const { message, code } = (inner ?? {}) as { message?: string; code?: string };
  return message || code || String(inner);
}
