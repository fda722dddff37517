/** One way to bring the ten steps to all nodes. */
export interface Side {
  name: "rocmark" | "pyinfra" | "ansible" | "ssh";
  /** As it says itself. */
  version(): Promise<string>;
  /** Whatever is not measured: files that the side reads, a new stack. What an earlier run left is gone after it. */
  prepare(): Promise<void>;
  /** Do all steps on all nodes; done when the last node is. Throws when a node is not as it should be. */
  run(): Promise<void>;
  /** End connections that the side keeps open, so that the next run starts cold. */
  close(): Promise<void>;
}
