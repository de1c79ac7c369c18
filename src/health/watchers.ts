/**
 * Those who wait for a value, under some key, to become another one. Only who waits is known here, so that a watcher who
 * is busy, or gone, costs nothing.
 */
export class Watchers<T> {
  private readonly groups = new Map<string, Group<T>>();

  /** @param read - the present value of a key */
  constructor(private readonly read: (key: string) => T) {}

  /** Whether anybody waits under such a key. */
  some(isSuch: (key: string) => boolean): boolean {
    for (const key of this.groups.keys()) if (isSuch(key)) return true;
    return false;
  }

  /**
   * Calls back once, when the value is another.
   *
   * @returns takes the wish back
   */
  wait(key: string, wake: () => void): () => void {
    const group = this.groups.get(key) ?? { value: this.read(key), wakes: new Set() };
    this.groups.set(key, group);
    group.wakes.add(wake);
    return () => {
      group.wakes.delete(wake);
      if (group.wakes.size === 0 && this.groups.get(key) === group) this.groups.delete(key);
    };
  }

  /** The value of a key, or of any key, may be another now. */
  changed(key?: string): void {
    for (const each of key === undefined ? [...this.groups.keys()] : [key]) {
      const group = this.groups.get(each);
      if (group === undefined || group.value === this.read(each)) continue;
      this.groups.delete(each);
      for (const wake of group.wakes) wake();
    }
  }
}

/** Those who wait for the same, and the value that they all have seen. */
interface Group<T> {
  readonly value: T;
  readonly wakes: Set<() => void>;
}
