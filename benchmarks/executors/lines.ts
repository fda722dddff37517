import { stripVTControlCharacters } from "node:util";

/** Cuts text that arrives in pieces into lines; a carriage return ends a line too, as progress bars use it. */
export class Lines {
  #rest = "";
  readonly #onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    // A line that never ends must not grow without bound.
    this.#rest = (lines.pop() ?? "").slice(-10_000);
    for (const line of lines) this.#emit(line);
  }

  /** Passes on what came after the last line's end. */
  end(): void {
    this.#emit(this.#rest);
    this.#rest = "";
  }

  #emit(line: string): void {
    // What a node prints must not drive our terminal.
    const shown = stripVTControlCharacters(line)
      .replaceAll(/\p{Cc}/gu, " ")
      .trimEnd();
    if (shown !== "") this.#onLine(shown);
  }
}
