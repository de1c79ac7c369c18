import type { Dependency } from "connect-clue/health";

/** Something that the chat service pretends to need, and that can be switched off and on again. */
export class PretendedDependency implements Dependency {
  readonly name = "storage";

  constructor(private isUp: boolean) {}

  ping(): void {
    if (!this.isUp) throw new Error("switched off");
  }

  toggle(): void {
    this.isUp = !this.isUp;
  }
}
