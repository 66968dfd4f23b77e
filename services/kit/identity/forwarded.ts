/**
 * The address of the person's machine by x-forwarded-for, as the edge sent it; undefined if that says nothing. The last
 * counts: proxies append whom they see, and what stands before it the client may have made up.
 */
export function clientAddressOf(forwardedFor: string | null): string | undefined {
  if (forwardedFor === null) return undefined;
  return forwardedFor.slice(forwardedFor.lastIndexOf(",") + 1).trim() || undefined;
}
