import type { Child } from "hono/jsx";
import type { PageSession } from "../sessions.ts";
import { pipelinePath } from "./format.ts";
import { Typed } from "./table.tsx";

/** What every view knows of who looks, and at what. */
export interface Frame {
  readonly now: Date;
  readonly version: string;
  /** What the server's user types before the name of a command. */
  readonly typed: string;
  /** Null: nobody has signed in. */
  readonly session: PageSession | null;
  /** Whether one can: the server has a token. */
  readonly canSignIn: boolean;
  /** The address that is shown, to come back to. */
  readonly path: string;
}

/** A whole page. */
export function Layout(
  { frame, title, at = "", children }: {
    readonly frame: Frame;
    readonly title: string;
    /** The address in the navigation that this page belongs to. */
    readonly at?: string;
    readonly children: Child;
  },
) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · Sluice`}</title>
        <link rel="stylesheet" href="/assets/page.css" />
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <script src="/assets/page.js" defer></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
          <a class="brand" href="/">
            <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
              <path d="M1 2h14v2.5H1zM3 6h2.2v8H3zM6.9 6h2.2v8H6.9zM10.8 6H13v8h-2.2z" />
            </svg>
            Sluice
          </a>
          <nav aria-label="Views">
            {VIEWS.map(([path, name]) => (
              <a href={path} aria-current={path === at ? "page" : undefined}>{name}</a>
            ))}
          </nav>
          <SignIn frame={frame} />
        </header>
        <main id="content" tabindex={-1}>
          <Typed.Provider value={frame.typed}>{children}</Typed.Provider>
        </main>
        <footer class="foot">
          Sluice {frame.version} · as of {frame.now.toISOString().slice(0, 19).replace("T", " ")}
          {" "}
          UTC
        </footer>
      </body>
    </html>
  );
}

const VIEWS = [["/", "Pipelines"], ["/starts", "Schedule"], ["/queue", "Queue"]] as const;

function SignIn({ frame: { session, canSignIn, path } }: { readonly frame: Frame }) {
  if (session !== null) {
    return (
      <form class="sign" method="post" action="/session/end">
        <input type="hidden" name="form_token" value={session.formToken} />
        <button type="submit" class="quiet">Sign out</button>
      </form>
    );
  }
  if (!canSignIn) return <span class="sign read-only">Read only</span>;
  return <a class="sign" href={`/session?next=${encodeURIComponent(path)}`}>Sign in to act</a>;
}

/** The head of a pipeline's views: where one is, and where else one can go. */
export function PipelineHead(
  { pipeline, view, children }: {
    readonly pipeline: string;
    readonly view: string;
    readonly children?: Child;
  },
) {
  return (
    <div class="pipeline-head">
      <div class="title-row">
        <h1>{pipeline}</h1>
        {children}
      </div>
      <nav class="tabs" aria-label="Views of the pipeline">
        {PIPELINE_VIEWS.map(([path, name]) => (
          <a
            href={pipelinePath(pipeline, path)}
            aria-current={path === view ? "page" : undefined}
          >
            {name}
          </a>
        ))}
      </nav>
    </div>
  );
}

/** What leads to the question before a run. */
export function RunButton(
  { pipeline, partition = null }: {
    readonly pipeline: string;
    readonly partition?: string | null;
  },
) {
  return (
    <div class="end">
      <a class="button" href={pipelinePath(pipeline, "run", { partition })}>Run …</a>
    </div>
  );
}

const PIPELINE_VIEWS = [
  ["versions", "Versions"],
  ["runs", "Runs"],
  ["rejects", "Rejects"],
  ["checks", "Checks"],
  ["file", "File"],
] as const;
