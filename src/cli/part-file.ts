import { randomBytes } from "node:crypto";
import { access, type FileHandle, open, rename, rm } from "node:fs/promises";
import { reasonOf, usageError } from "./failure.js";

/**
 * A file that is written under another name beside its own, which it gets when it is complete: whoever sees the name
 * sees the whole file.
 */
export class PartFile {
  readonly #path: string;
  readonly #partPath: string;
  readonly #handle: FileHandle;
  readonly #replace: boolean;

  private constructor(path: string, partPath: string, handle: FileHandle, replace: boolean) {
    this.#path = path;
    this.#partPath = partPath;
    this.#handle = handle;
    this.#replace = replace;
  }

  /**
   * Begins a file.
   *
   * @param path - its name at the end
   * @param replace - whether a file of that name may be replaced
   * @throws Failure when there is one that may not, or when it can't be written there
   */
  static async begin(path: string, replace: boolean): Promise<PartFile> {
    await refuseExisting(path, replace);
    const partPath = `${path}.${randomBytes(4).toString("hex")}.part`;
    return new PartFile(path, partPath, await writing(path, open(partPath, "wx")), replace);
  }

  /** Adds to the end. */
  async write(bytes: Uint8Array): Promise<void> {
    await writing(this.#path, this.#handle.writeFile(bytes));
  }

  /** Gives the file its name. */
  async complete(): Promise<void> {
    await this.#handle.close();
    await refuseExisting(this.#path, this.#replace);
    await writing(this.#path, rename(this.#partPath, this.#path));
  }

  /** Removes what is there, unless it is complete. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await rm(this.#partPath, { force: true });
  }
}

async function refuseExisting(path: string, replace: boolean): Promise<void> {
  if (!replace && (await exists(path)))
    throw usageError(`${path} exists; --force replaces it, --out names another`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function writing<T>(path: string, done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    throw usageError(`can't write ${path}: ${reasonOf(error)}`);
  }
}
