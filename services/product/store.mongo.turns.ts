/** What is worked on at the same time. */
const AT_ONCE = 10;

/**
 * Does the work for each, some at a time. One that fails keeps no other from its turn, or a single one that always fails
 * would hold up everything behind it.
 * @throws at the end, what the first that failed threw
 */
export async function inTurns<T, R>(all: readonly T[], work: (it: T) => Promise<R>, atOnce = AT_ONCE): Promise<R[]> {
  const results: R[] = [];
  const errors: unknown[] = [];
  for (let from = 0; from < all.length; from += atOnce) {
    const turn = await Promise.allSettled(all.slice(from, from + atOnce).map(work));
    for (const it of turn) {
      if (it.status === "fulfilled") results.push(it.value);
      else errors.push(it.reason);
    }
  }
  if (errors.length > 0) throw errors[0];
  return results;
}

/** The same, one after the other. */
export const inOrder = <T, R>(all: readonly T[], work: (it: T) => Promise<R>): Promise<R[]> => inTurns(all, work, 1);
