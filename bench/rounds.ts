/** What is measured, another first in each round: whatever drifts on the machine hits all alike. */
export function* roundsOf<T>(all: readonly T[], rounds: number): Generator<T> {
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < all.length; turn++) yield all[(round + turn) % all.length] as T;
}
