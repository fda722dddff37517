/** Where progress is shown: a terminal's line is rewritten, anything else gets a line now and then. */
export interface ProgressStream {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

/** Something that takes long, shown while it lasts. */
export interface Progress {
  /** What it is doing now. */
  update(detail: string): void;
  /** It is over: the line that stays. Nothing is printed for an empty one. */
  end(line: string): void;
}

/** Seconds as a reader says them: "8 s", "3 min 05 s". */
export function renderDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/**
 * Show that something goes on: what it is doing and for how long.
 *
 * Every second on a terminal; elsewhere one line at the start and one every {@link quietSeconds}, so that a log of CI
 * shows life and stays short.
 */
export function startProgress(stream: ProgressStream, label: string, quietSeconds = 15): Progress {
  const started = Date.now();
  let detail = "";
  const line = () => {
    const elapsed = renderDuration((Date.now() - started) / 1000);
    return [label, detail, elapsed].filter((part) => part !== "").join(", ");
  };
  const live = stream.isTTY === true;
  // Erase to the end of the line, then back to its start: a line that shrinks leaves nothing behind.
  const show = () =>
    stream.write(live ? `\r${line().slice(0, (stream.columns ?? 80) - 1)}\u001b[K` : `${line()}\n`);
  stream.write(live ? label : `${label}\n`);
  const timer = setInterval(show, live ? 1_000 : quietSeconds * 1_000);
  timer.unref();
  return {
    update(text) {
      detail = text;
    },
    end(last) {
      clearInterval(timer);
      if (live) stream.write("\r\u001b[K");
      if (last !== "") stream.write(`${last}\n`);
    },
  };
}
