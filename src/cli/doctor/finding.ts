/** What `doctor` found out about one thing. */
export interface Finding {
  /** A word or two. */
  readonly name: string;
  readonly status: "ok" | "warning" | "bad";
  readonly message: string;
  /** What to do about it; null where nothing is to be done. */
  readonly hint: string | null;
}

/** Nothing is to be done. */
export function ok(name: string, message: string): Finding {
  return { name, status: "ok", message, hint: null };
}

export function warning(name: string, message: string, hint: string): Finding {
  return { name, status: "warning", message, hint };
}

export function bad(name: string, message: string, hint: string): Finding {
  return { name, status: "bad", message, hint };
}
