/**
 * What has ended while something of it still runs. It is held weakly: a handler that waits for what never comes, and
 * that nobody waits for, may be collected, and then nothing runs any more.
 */
export class Lingering<T extends { readonly id: number }> implements Iterable<T> {
  private readonly refs = new Map<number, WeakRef<T>>();

  add(item: T): void {
    if (this.refs.size >= maxItems) this.forgetOldest();
    this.refs.set(item.id, new WeakRef(item));
  }

  delete(item: T): void {
    this.refs.delete(item.id);
  }

  /** Those that are there, oldest end first. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const [id, ref] of [...this.refs]) {
      const item = ref.deref();
      if (item === undefined) this.refs.delete(id);
      else yield item;
    }
  }

  private forgetOldest(): void {
    const { value: oldest } = this.refs.keys().next();
    if (oldest !== undefined) this.refs.delete(oldest);
  }
}

/** A thousand tell as much of what is wrong as a million. */
const maxItems = 1000;
