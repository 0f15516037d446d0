/** A lock on a file, held until disposed; it ends with the process, however that ends. */
export interface FileLock extends AsyncDisposable {
  readonly shared: boolean;
}

/** Takes a lock, and waits until its holder releases it. */
export async function lockFile(path: string, { shared = false } = {}): Promise<FileLock> {
  const file = await openLockFile(path);
  await file.lock(!shared);
  return held(file, shared);
}

/** Takes a lock for itself alone where nobody holds one now; null otherwise. */
export async function tryLockFile(path: string): Promise<FileLock | null> {
  const file = await openLockFile(path);
  if (await file.tryLock(true)) return held(file, false);
  file.close();
  return null;
}

function openLockFile(path: string): Promise<Deno.FsFile> {
  return Deno.open(path, { create: true, read: true, write: true });
}

function held(file: Deno.FsFile, shared: boolean): FileLock {
  let open = true;
  return {
    shared,
    async [Symbol.asyncDispose]() {
      if (!open) return;
      open = false;
      await file.unlock();
      file.close();
    },
  };
}
