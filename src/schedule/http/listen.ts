import { SluiceError } from "../../core/error.ts";

/** A server that listens; disposing ends it, after the requests under way. */
export interface Listening extends AsyncDisposable {
  /** `http://127.0.0.1:8080` */
  readonly origin: string;
}

/**
 * Listens for HTTP.
 *
 * @param port 0: any that is free
 * @throws SluiceError `cli/cannot_listen`
 */
export function listen(
  { host, port }: { readonly host: string; readonly port: number },
  answer: (request: Request) => Promise<Response>,
): Listening {
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({ hostname: host, port, onListen() {} }, answer);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SluiceError("cli/cannot_listen", `Cannot listen on ${host}:${port}: ${reason}`, {
      hint: "Choose another --port, or an address of this machine as --host",
      cause,
    });
  }
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    origin: `http://${name}:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
