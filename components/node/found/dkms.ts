/** One line of `dkms status`. */
export interface DkmsModule {
  name: string;
  /** DKMS's own version, "6.16.6-2255209.24.04". */
  version: string;
  /** Null for a module that is added and not built. */
  kernel: string | null;
  state: string;
  /** What dkms adds, "WARNING! Diff between built and installed module!"; empty when nothing. */
  remark: string;
}

/**
 * A line of `dkms status`, null for one that is none.
 *
 * dkms 3 (Ubuntu 24.04) writes `amdgpu/6.16.6-2255209.24.04, 6.8.0-60-generic, x86_64: installed`, dkms 2 (22.04)
 * `amdgpu, 6.7.0-1787201.22.04, 5.15.0-91-generic, x86_64: installed`.
 */
export function parseDkms(line: string): DkmsModule | null {
  const parts = /^([^,/\s]+)(?:\/|, )([^,:\s]+)(?:, ([^,\s]+), [^:\s]+)?: ([a-z]+)\s*(.*)$/.exec(line.trim());
  if (!parts) return null;
  const [, name = "", version = "", kernel, state = "", remark = ""] = parts;
  return { name, version, kernel: kernel ?? null, state, remark };
}

/** The version that DKMS gives the module of a package amdgpu-dkms: 1:6.16.6.30200100-2255209.24.04 as 6.16.6-2255209.24.04. */
export const toDkmsVersion = (packageVersion: string): string =>
  packageVersion.replace(/^(?:\d+:)?(\d+\.\d+\.\d+)\.\d+-/, "$1-");
