type Flags = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Browser storage that works where it is forbidden or full: then it forgets with the page. */
export function createFlags(storage: () => Flags): Flags {
  const memory = new Map<string, string>();
  function attempt<T>(work: (storage: Flags) => T, otherwise: T): T {
    try {
      return work(storage());
    } catch {
      return otherwise;
    }
  }
  return {
    getItem: (name) => memory.get(name) ?? attempt((flags) => flags.getItem(name), null),
    setItem(name, value) {
      // What the browser could not keep is kept here; what it could must not be hidden by something older.
      memory.set(name, value);
      attempt((flags) => {
        flags.setItem(name, value);
        memory.delete(name);
      }, undefined);
    },
    removeItem(name) {
      memory.delete(name);
      attempt((flags) => flags.removeItem(name), undefined);
    },
  };
}
